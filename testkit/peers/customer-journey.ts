/**
 * What every customer of an SMPP server does, whatever its library: sends hard texts, gets its receipts, is refused,
 * and is sent a handset's long message. The server is known by what it lets a test see and do.
 */
import { deepStrictEqual, ok, strictEqual } from "node:assert";
import { type CustomerLibrary, openCustomer, type Received } from "./customers.ts";
import type { SmppAccount } from "./kannel.ts";

export interface ServerSide {
  readonly account: SmppAccount;
  /** The number to which no message is taken, without "+", and the status that says so. */
  readonly refused: { readonly to: string; readonly status: number };
  /** All that came for a number (without "+"), its parts joined. */
  textTo(to: string): string | Promise<string>;
  /** A handset answers. */
  reply(reply: { readonly from: string; readonly to: string; readonly text: string }): void | Promise<void>;
}

/** Texts with the number of parts that they must be cut into. */
export interface HardTexts {
  readonly alphabet: string;
  readonly gsm7TenParts: string;
  readonly ucs2TenParts: string;
}

/** What the libraries' own tables of the GSM alphabet lack; with one of them smpplib sends three parts of UCS-2. */
const GAPS: Readonly<Record<CustomerLibrary, string>> = { smpplib: "§\f", smpp34: "", jsmpp: "\f" };
/** smpplib cuts octets, so an escape pair may lie on two parts, which nobody can read as one: none in its long text. */
const WITHOUT_ESCAPES = "Guten Tag, Größe: £3, Δ ".repeat(60);

/** Throws AssertionError, or what the customer's process said. */
export async function playCustomer(library: CustomerLibrary, server: ServerSide, hard: HardTexts): Promise<void> {
  await using customer = await openCustomer(library, server.account);
  const alphabet = [...hard.alphabet].filter((character) => !GAPS[library].includes(character)).join("");
  const texts = [
    { to: "4917012310009", parts: 1, text: alphabet },
    { to: "4917012310019", parts: 10, text: library === "smpplib" ? WITHOUT_ESCAPES : hard.gsm7TenParts },
    { to: "4917012310029", parts: 10, text: hard.ucs2TenParts },
  ];
  for (const { to, parts, text } of texts) {
    customer.submit({ to, source: "Shop", text });
    const answers = await customer.answers(to, parts);
    deepStrictEqual(new Set(answers.map(({ status }) => status)), new Set([0]));
    strictEqual(await server.textTo(to), text);
    const own = ({ receipt, source }: Received): boolean => receipt && source === to;
    const receipts = await customer.received(`${parts} receipts`, parts, own);
    deepStrictEqual(new Set(receipts.map(({ receiptedId }) => receiptedId)), new Set(answers.map(({ id }) => id)));
    for (const receipt of receipts) ok(receipt.text.includes("stat:DELIVRD"), receipt.text);
  }
  customer.submit({ to: server.refused.to, source: "Shop", text: "refused" });
  const [refusal] = await customer.answers(server.refused.to, 1);
  strictEqual(refusal?.status, server.refused.status);
  const answered = customer.process.said.filter(({ event }) => event === "answered").length;
  strictEqual(answered, 1 + 10 + 10 + 1, "submits answered: every text in as many parts as it should have");

  await server.reply({ from: "+491709876543", to: "72345", text: hard.ucs2TenParts });
  const parts = await customer.received("ten parts of a reply", 10, ({ receipt }) => !receipt);
  const inOrder = parts.toSorted((a, b) => (a.place?.[2] ?? 0) - (b.place?.[2] ?? 0));
  strictEqual(inOrder.map(({ text }) => text).join(""), hard.ucs2TenParts);
}
