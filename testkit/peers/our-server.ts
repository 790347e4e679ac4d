/** Our own SMPP server as the server of a customer's journey. */
import { segmentText } from "#domain/encoding/segment-text.ts";
import { openSmppEdgeProcess, type SmppEdgeProcess } from "../smpp-edge.ts";
import type { ServerSide } from "./customer-journey.ts";

export interface OurServer extends ServerSide, AsyncDisposable {
  readonly edge: SmppEdgeProcess;
}

const REPLY_REFERENCE = 77;

/** Parts that a customer has cut up are messages of their own here: the text is joined by the place that each knows. */
export async function openOurServer(): Promise<OurServer> {
  const edge = await openSmppEdgeProcess();
  return {
    edge,
    account: edge.account,
    // No number on earth is as short.
    refused: { to: "12", status: 0x0b },
    async textTo(to) {
      const own = (await edge.accepted()).filter((one) => one.to === `+${to}`);
      const inOrder = own.toSorted((a, b) => (a.concat?.index ?? 0) - (b.concat?.index ?? 0));
      return inOrder.map(({ text }) => text).join("");
    },
    async reply({ from, to, text }) {
      const { parts } = segmentText(text);
      const total = parts.length;
      await edge.reply(
        parts.map((part, i) => ({ from, to, text: part, concat: { reference: REPLY_REFERENCE, total, index: i + 1 } })),
      );
    },
    [Symbol.asyncDispose]: () => edge[Symbol.asyncDispose](),
  };
}
