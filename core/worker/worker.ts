/**
 * The worker: for every set a loop per kind of work, so that alerts never wait behind bulk, receipts never behind
 * messages, and a set that is away stops nobody else. Any number of workers may run; leases keep them apart.
 */

import type { Store } from "#core/store/store.ts";
import { lanes } from "#domain/lane.ts";
import { type LaneLoop, runLaneLoop } from "./lane-loop.ts";
import { processInbox } from "./process-inbox.ts";
import { processReceipts } from "./process-receipts.ts";
import { processRelay, relayLanes } from "./process-relay.ts";
import { processReplies } from "./process-replies.ts";
import type { WorkContext } from "./work-context.ts";

/** Work that is not urgent is taken up at most this often: see LaneLoop.gatherMs. */
const GATHER_MS = 20;
/**
 * A writer that has said nothing for this long is ended, so that the projector need not wait for it: six heartbeats.
 */
const SILENT_WRITER_MS = 30_000;
const SILENT_WRITER_CHECK_MS = 10_000;

export async function runWorker(
  context: WorkContext,
  options: { readonly owner: string; readonly signal: AbortSignal },
) {
  const stores = [...context.stores.values()];
  const running = stores.flatMap((store) => [
    ...loopsOf(context, store).map((loop) => runLaneLoop(context, { store, loop, ...options })),
    endSilentWriters(context, store, options.signal),
  ]);
  await Promise.all(running);
}

function loopsOf(context: WorkContext, store: Store): readonly LaneLoop[] {
  const inbox = processInbox.bind(undefined, context);
  const loops: LaneLoop[] = [
    { name: "route alerts", lanes: [lanes.inbox("alert")], gatherMs: 0, process: inbox },
    { name: "route", lanes: [lanes.inbox("transactional"), lanes.inbox("bulk")], gatherMs: GATHER_MS, process: inbox },
    {
      name: "receipt",
      lanes: [lanes.receipts],
      gatherMs: GATHER_MS,
      process: processReceipts.bind(undefined, context),
    },
    { name: "reply", lanes: [lanes.replies], gatherMs: GATHER_MS, process: processReplies.bind(undefined, context) },
  ];
  const relays = relayLanes(store.set, context.stores.keys());
  if (relays.length > 0) {
    loops.push({ name: "relay", lanes: relays, gatherMs: GATHER_MS, process: processRelay.bind(undefined, context) });
  }
  return loops;
}

async function endSilentWriters(context: WorkContext, store: Store, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await context.clock.sleep(SILENT_WRITER_CHECK_MS, signal);
    if (signal.aborted) return;
    // A set that is away is asked again next time; its own loops say so.
    await store.events.endSilentWriters(SILENT_WRITER_MS).catch(() => 0);
  }
}
