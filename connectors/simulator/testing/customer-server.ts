/** The simulator as the server of customers' libraries. */
import { GSM7_ALPHABET, GSM7_TEN_PARTS, UCS2_TEN_PARTS } from "../../smpp/testing/hard-texts.ts";
import { openTestSimulator } from "../../smpp/testing/open-pair.ts";
import { textOf } from "../submit-record.ts";

export const HARD_TEXTS = {
  alphabet: GSM7_ALPHABET,
  gsm7TenParts: GSM7_TEN_PARTS,
  ucs2TenParts: UCS2_TEN_PARTS,
} as const;

/** What a customer's journey asks of a server, by its shape: the testkit, which has the type, is not imported here. */
export async function openCustomerServer() {
  const simulator = await openTestSimulator({});
  return {
    account: { host: "127.0.0.1", port: simulator.port, systemId: "esme", password: "secret" },
    refused: { to: "491701230003", status: 0x0b },
    textTo(to: string): string {
      const parts = simulator.submits.filter((submit) => submit.to === `+${to}`).map(textOf);
      const inOrder = parts.toSorted((a, b) => (a.concat?.index ?? 0) - (b.concat?.index ?? 0));
      return inOrder.map(({ text }) => text).join("");
    },
    reply: (reply: { readonly from: string; readonly to: string; readonly text: string }) =>
      void simulator.reply(reply),
    [Symbol.asyncDispose]: () => simulator[Symbol.asyncDispose](),
  };
}
