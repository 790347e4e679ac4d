/**
 * The worker: for every set a loop per kind of work, so that alerts never wait behind bulk, receipts never behind
 * messages, and a set that is away stops nobody else, as a set or as the target of a relay. Any number of workers may
 * run; leases keep them apart.
 */

import type { Store } from "#core/store/store.ts";
import { lanes } from "#domain/lane.ts";
import { type LaneLoop, runLaneLoop } from "./lane-loop.ts";
import { processInbox } from "./process-inbox.ts";
import { processReceipts } from "./process-receipts.ts";
import { processRelay } from "./process-relay.ts";
import { processReplies } from "./process-replies.ts";
import type { WorkContext } from "./work-context.ts";

/** While work keeps coming, it is taken up at most this often: see LaneLoop.gatherMs. */
const GATHER_MS = 40;
const ALERT_GATHER_MS = 15;
/** Empty lanes are looked at this often: alerts, messages and receipts; replies and the relay, where nobody waits. */
const IDLE_ALERT_MS = 40;
const IDLE_MS = 80;
const IDLE_RARE_MS = 250;
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
  const busy = { gatherMs: GATHER_MS, idleMaxMs: IDLE_MS };
  const rare = { gatherMs: GATHER_MS, idleMaxMs: IDLE_RARE_MS };
  const urgent = { gatherMs: ALERT_GATHER_MS, idleMaxMs: IDLE_ALERT_MS };
  const loops: LaneLoop[] = [
    { name: "route alerts", lanes: [lanes.inbox("alert")], ...urgent, process: inbox },
    { name: "route", lanes: [lanes.inbox("transactional"), lanes.inbox("bulk")], ...busy, process: inbox },
    { name: "receipt", lanes: [lanes.receipts], ...busy, process: processReceipts.bind(undefined, context) },
    { name: "reply", lanes: [lanes.replies], ...rare, process: processReplies.bind(undefined, context) },
  ];
  // One for each target: a backlog for a set that is away must not stand before what is for the others.
  for (const target of context.stores.values()) {
    if (target.set === store.set) continue;
    const process = processRelay.bind(undefined, context, target);
    loops.push({ name: `relay to ${target.set}`, lanes: [lanes.relay(target.set)], ...rare, process });
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
