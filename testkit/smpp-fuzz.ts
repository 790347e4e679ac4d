/** Broken PDUs at a process of role `smpp`, and what must be true of it after them. */
import { deepStrictEqual, ok } from "node:assert";
import { decodePdu } from "#core/smpp/codec.ts";
import type { PduFields } from "#core/smpp/pdu.ts";
import { createOutsideTarget, type FuzzTarget } from "#core/smpp/testing/fuzz-targets.ts";
import { bindTestClient } from "#core/smpp/testing/listen.ts";
import type { SmppEdgeProcess, SmppEdgeProcessOptions } from "./smpp-edge.ts";
import { until } from "./until.ts";

/** Room for whole cases at once: what is stored depends on the PDUs and not on the pace. */
export const FUZZED: SmppEdgeProcessOptions = {
  smpp: { window: 1_000, submitsPerSecond: 10_000, bindsMax: 64 },
  env: { GODWIT_LIVE_HEAP_EVERY_SECONDS: "5" },
};
const BOUND_MS = 20_000;
const SUBMITS = ["submit_sm", "submit_multi", "data_sm"];
const ANSWERS: ReadonlySet<string> = new Set(SUBMITS.map((command) => `${command}_resp`));

export interface FuzzedEdge {
  readonly target: FuzzTarget;
  /** Ids of what it said it had taken. */
  readonly taken: ReadonlySet<string>;
}

/** Each case comes from an address of its own, as refusals slow their address down. */
export function aimAt({ account }: SmppEdgeProcess): FuzzedEdge {
  const taken = new Set<string>();
  const target = createOutsideTarget(account.port, {
    ...account,
    // The whole of 127.0.0.0/8 is this machine. Few enough that what is remembered of them is soon all there.
    addressOf: (seed) => `127.1.${(seed >> 8) & 0x0f}.${seed & 0xff}`,
    onFrame(frame) {
      const { command, status, fields } = decodePdu(frame);
      if (status === 0 && ANSWERS.has(command)) taken.add(fields.message_id ?? "");
    },
  });
  return { target, taken };
}

/** What was taken is stored, and nothing is stored whose request was not answered so, heard or not. */
export async function expectStoredAsSaid(edge: SmppEdgeProcess, taken: ReadonlySet<string>): Promise<void> {
  const isGood = (labels: string): boolean =>
    labels.includes('status="0x00"') && SUBMITS.some((command) => labels.includes(`command="${command}"`));
  const requests = await until("as many requests stored as were answered so", BOUND_MS, async () => {
    const stored = new Set<string>((await edge.accepted()).map(({ message, receiptId }) => receiptId ?? message));
    return (await edge.metric("godwit_smpp_requests_total", isGood)) === stored.size ? stored : undefined;
  });
  deepStrictEqual(
    [...taken].filter((id) => !requests.has(id)),
    [],
    "messages that it said it had taken, and that are not stored",
  );
}

/** No connection is left, and a customer submits and has its receipt. */
export async function expectServed(edge: SmppEdgeProcess): Promise<void> {
  const sessions = () => edge.metric("godwit_smpp_sessions");
  await until("the connections of the fuzz to go", BOUND_MS, async () => (await sessions()) === 0 || undefined);
  const receipts = new Set<string | undefined>();
  const onRequest = ({ fields }: { readonly fields: PduFields }) => {
    receipts.add(fields.receipted_message_id);
    return { status: 0 };
  };
  const customer = await bindTestClient(edge.account.port, { ...edge.account, onRequest });
  const text = { short_message: new TextEncoder().encode("After the fuzz") };
  const fields = { source_addr: "72345", destination_addr: "491701234567", registered_delivery: 1, ...text };
  const answer = await customer.request("submit_sm", fields);
  ok(answer.type === "answered" && answer.status === 0, JSON.stringify(answer));
  const id = answer.fields.message_id;
  await until("its receipt", BOUND_MS, () => receipts.has(id) || undefined);
  await customer.unbind();
  await until("its end", BOUND_MS, async () => (await sessions()) === 0 || undefined);
}

/** What the process holds after a collection, as it says every five seconds: the next time it says so. */
export async function liveHeap(edge: SmppEdgeProcess): Promise<number> {
  const before = await edge.metric("godwit_heap_live_bytes");
  return await until("a look at the heap", BOUND_MS, async () => {
    const now = await edge.metric("godwit_heap_live_bytes");
    return now === before ? undefined : now;
  });
}
