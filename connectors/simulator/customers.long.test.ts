/** Libraries that nobody here wrote as customers of our simulator; each side reads by its own tables. */
import { expect, test } from "bun:test";
import { type Customer, type CustomerLibrary, customerLibraries, openCustomer } from "#testkit/peers/customers.ts";
import { GSM7_ALPHABET, GSM7_TEN_PARTS, UCS2_TEN_PARTS } from "../smpp/testing/hard-texts.ts";
import { openTestSimulator } from "../smpp/testing/open-pair.ts";
import { textOf } from "./submit-record.ts";

const TEST_MS = 600_000;

/** What the libraries' own tables of the GSM alphabet do not have: smpplib's holds a grave accent for §. */
const GAPS: Readonly<Record<CustomerLibrary, string>> = { smpplib: "§", smpp34: "", jsmpp: "\f" };

function withoutGaps(text: string, library: CustomerLibrary): string {
  return [...text].filter((character) => !GAPS[library].includes(character)).join("");
}

test.each(customerLibraries.map((library) => [library] as const))(
  "%s as a customer",
  async (library) => {
    await using simulator = await openTestSimulator({});
    const account = { host: "127.0.0.1", port: simulator.port, systemId: "esme", password: "secret" };
    await using customer: Customer = await openCustomer(library, account);
    const texts = [
      [withoutGaps(GSM7_ALPHABET, library), 1],
      // smpplib cuts octets: an escape pair may lie on two parts, which nobody can read as one any more.
      [library === "smpplib" ? "Guten Tag, Größe: £3, Δ ".repeat(60) : GSM7_TEN_PARTS, 10],
      [UCS2_TEN_PARTS, 10],
    ] as const;
    for (const [i, [text, parts]] of texts.entries()) {
      const to = `49170123100${i}9`;
      customer.submit({ to, source: "Shop", text });
      const answers = await customer.answers(to, parts);
      for (const answer of answers) expect(answer.status).toBe(0);
      const own = simulator.submits.filter((submit) => submit.to === `+${to}`).map(textOf);
      const joined = own.toSorted((a, b) => (a.concat?.index ?? 0) - (b.concat?.index ?? 0));
      expect(joined.map((part) => part.text).join("")).toBe(text);
      const receipts = await customer.received(
        `${parts} receipts`,
        parts,
        ({ receipt, source }) => receipt && source === to,
      );
      expect(new Set(receipts.map(({ receiptedId }) => receiptedId))).toEqual(new Set(answers.map(({ id }) => id)));
      for (const { text: told } of receipts) expect(told).toContain("stat:DELIVRD");
    }
    customer.submit({ to: "491701230003", source: "Shop", text: "refused" });
    expect(await customer.answers("491701230003", 1)).toMatchObject([{ status: 0x0b }]);

    simulator.reply({ from: "+491709876543", to: "72345", text: UCS2_TEN_PARTS });
    const parts = await customer.received("ten parts of a reply", 10, ({ receipt }) => !receipt);
    expect(
      parts
        .toSorted((a, b) => (a.place?.[2] ?? 0) - (b.place?.[2] ?? 0))
        .map((part) => part.text)
        .join(""),
    ).toBe(UCS2_TEN_PARTS);
  },
  TEST_MS,
);
