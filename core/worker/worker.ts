/**
 * The worker: for every set a loop per kind of work, so that receipts never wait behind messages, and a set that is
 * away stops nobody else, as a set or as the target of a relay. Alerts are claimed first. Any number of workers may
 * run; leases keep them apart. What each set may be used for is asked before every claim: nothing is routed on one
 * that is `readonly`, nothing at all is done on one that is `retired`.
 */

import { followDirectory } from "#core/directory/follow-directory.ts";
import { isInUse, maySend } from "#core/directory/set-states.ts";
import { type Store, StoreError } from "#core/store/store.ts";
import type { SetId } from "#domain/ids.ts";
import { lanes } from "#domain/lane.ts";
import { type LaneLoop, runLaneLoop } from "./lane-loop.ts";
import { processInbox } from "./process-inbox.ts";
import { processReceipts } from "./process-receipts.ts";
import { processRefunds } from "./process-refunds.ts";
import { processRelay } from "./process-relay.ts";
import { processReplies } from "./process-replies.ts";
import { runSweep } from "./sweep.ts";
import type { WorkContext } from "./work-context.ts";

/**
 * While work keeps coming, it is taken up at most this often: see LaneLoop.gatherMs. Messages, alerts among them, go
 * together, alerts first: in steps of their own, alerts took half of all steps, and every step costs its set ~7 ms.
 */
const GATHER_MS = 40;
const ROUTE_GATHER_MS = 25;
/**
 * While bells are out of order, empty lanes are looked at this often; replies and the relay, where nobody waits,
 * less.
 */
const POLL_MS = 40;
const POLL_RARE_MS = 250;
/**
 * A writer that has said nothing for this long is ended, so that the projector need not wait for it: six heartbeats.
 */
const SILENT_WRITER_MS = 30_000;
const SILENT_WRITER_CHECK_MS = 10_000;
/** The log's next months are made weeks ahead: a set that cannot do it now has time. */
const MONTHS_CHECK_MS = 24 * 3_600_000;
const MONTHS_RETRY_MS = 3_600_000;

export async function runWorker(
  context: WorkContext,
  options: { readonly owner: string; readonly signal: AbortSignal },
) {
  const stores = [...context.stores.values()];
  const running = stores.flatMap((store) => [
    ...loopsOf(context, store).map((loop) => runLaneLoop(context, { store, loop, ...options })),
    endSilentWriters(context, store, options.signal),
    openMonths(context, store, options.signal),
    runSweep(context, { store, ...options }),
    followDirectory(context, { store, signal: options.signal }),
  ]);
  await Promise.all(running);
}

function loopsOf(context: WorkContext, store: Store): readonly LaneLoop[] {
  const state = (set: SetId) => context.directory.stateOf(set);
  const mayWork = (): boolean => isInUse(state(store.set));
  const busy = { gatherMs: GATHER_MS, pollMs: POLL_MS, tentative: true, mayWork };
  const rare = { gatherMs: GATHER_MS, pollMs: POLL_RARE_MS, tentative: false, mayWork };
  const loops: LaneLoop[] = [
    {
      name: "route",
      lanes: [lanes.inbox("alert"), lanes.inbox("transactional"), lanes.inbox("bulk")],
      gatherMs: ROUTE_GATHER_MS,
      pollMs: POLL_MS,
      tentative: true,
      mayWork: () => maySend(state(store.set)),
      process: processInbox.bind(undefined, context),
    },
    { name: "receipt", lanes: [lanes.receipts], ...busy, process: processReceipts.bind(undefined, context) },
    // Durable: what is given back follows from events that came with the chunk, as a majority has them.
    {
      name: "refund",
      lanes: [lanes.refunds],
      ...rare,
      durable: true,
      process: processRefunds.bind(undefined, context),
    },
    { name: "reply", lanes: [lanes.replies], ...rare, process: processReplies.bind(undefined, context) },
  ];
  // One for each target: a backlog for a set that is away must not stand before what is for the others.
  for (const target of context.stores.values()) {
    if (target.set === store.set) continue;
    const process = processRelay.bind(undefined, context, target);
    loops.push({
      name: `relay to ${target.set}`,
      lanes: [lanes.relay(target.set)],
      ...rare,
      durable: true,
      mayWork: () => mayWork() && isInUse(state(target.set)),
      process,
    });
  }
  return loops;
}

async function endSilentWriters(context: WorkContext, store: Store, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await context.clock.sleep(SILENT_WRITER_CHECK_MS, signal);
    if (signal.aborted) return;
    // On one that was restored every writer is silent, and what comes after their last batch is to be reconciled first.
    if (!maySend(context.directory.stateOf(store.set))) continue;
    // A set that is away is asked again next time; its own loops say so.
    await store.events.endSilentWriters(SILENT_WRITER_MS).catch(() => 0);
  }
}

async function openMonths(context: WorkContext, store: Store, signal: AbortSignal): Promise<void> {
  const { clock, directory, log } = context;
  const { set } = store;
  while (!signal.aborted) {
    const isUsed = isInUse(directory.stateOf(set));
    const opened = isUsed ? await store.events.openMonths().catch((error: unknown) => codeOf(error)) : [];
    const failed = typeof opened === "string" ? opened : undefined;
    if (failed !== undefined) log.error("month.failed", { set, code: failed });
    else for (const month of opened) log.info("month.opened", { set, month });
    await clock.sleep(failed === undefined ? MONTHS_CHECK_MS : MONTHS_RETRY_MS, signal);
  }
}

const codeOf = (error: unknown): string => (error instanceof StoreError ? error.code : "defect");
