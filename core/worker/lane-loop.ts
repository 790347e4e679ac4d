/**
 * One loop: claim from some lanes of one set, process, claim again. It never throws: a set that is away is waited for
 * with back-off and said once; a defect in processing is poison.ts's to find.
 * States: busy → idle (waits for the bell of its lanes) → away (backs off) → busy; or resting, while its set is not
 * used for this work.
 */

import { type Hold, type Store, StoreError } from "#core/store/store.ts";
import type { Lane } from "#domain/lane.ts";
import { CHUNK_ITEMS_MAX } from "#domain/limits.ts";
import { processIsolating } from "./poison.ts";
import { untilWork } from "./until-work.ts";
import type { WorkContext } from "./work-context.ts";

/** A step takes tens of milliseconds; an election some seconds; a worker that is silent for longer is replaced. */
const LEASE_MS = 15_000;
/** Whether a loop may work is looked at this often while it does not. That asks nobody but its own process. */
const REST_LOOK_MS = 1_000;
/** A claim of this many gains little by gathering. */
const LARGE_ITEMS = CHUNK_ITEMS_MAX / 2;
const REST_MAX_MS = 100;
const AWAY_FIRST_MS = 100;
const AWAY_MAX_MS = 2_000;

export interface LaneLoop {
  readonly name: string;
  readonly lanes: readonly Lane[];
  /**
   * The least time from one claim to the next while there is work. Work that gathers in between makes larger steps,
   * and a step costs nearly the same whatever its size. Work that comes after a rest is taken up at once.
   */
  readonly gatherMs: number;
  /** Whether its work has no effect but its step: see ClaimOptions.tentative. */
  readonly tentative: boolean;
  /** See ClaimOptions.durable. */
  readonly durable?: boolean;
  /** How often empty lanes are looked at while the bell is out of order. */
  readonly pollMs: number;
  /** Whether the set may be used for this now. Asked before every claim; what was claimed is finished. */
  mayWork(): boolean;
  /** Commits what these chunks need. Throwing makes poison.ts find out which of them it was. */
  process(store: Store, holds: readonly Hold[]): Promise<void>;
}

export async function runLaneLoop(
  context: WorkContext,
  options: { readonly store: Store; readonly loop: LaneLoop; readonly owner: string; readonly signal: AbortSignal },
): Promise<void> {
  const { store, loop, signal } = options;
  const { clock, random, log } = context;
  let awayMs = 0;
  using bell = store.bell(loop.lanes, loop);
  while (!signal.aborted) {
    if (!loop.mayWork()) {
      await clock.sleep(REST_LOOK_MS, signal);
      continue;
    }
    const startedAt = clock.monotonic();
    try {
      const { lanes, tentative, durable = false } = loop;
      const claim = { lanes, itemsMax: CHUNK_ITEMS_MAX, leaseMs: LEASE_MS, owner: options.owner, tentative, durable };
      const holds = await store.claim(claim);
      if (awayMs > 0) log.info("set.recovered", { set: store.set });
      awayMs = 0;
      if (holds.length === 0) {
        await untilWork(bell, { clock, signal, mayWork: () => loop.mayWork() });
        continue;
      }
      await processIsolating(context, { store, holds, name: loop.name, process: loop.process });
      const items = holds.reduce((sum, hold) => sum + hold.items.length, 0);
      const restMs = restAfter(clock.monotonic() - startedAt, items, loop.gatherMs);
      if (restMs > 0) await clock.sleep(restMs, signal);
    } catch (error) {
      const code = error instanceof StoreError ? error.code : "defect";
      if (awayMs === 0) log.error("set.unreachable", { set: store.set, code, doing: loop.name });
      awayMs = Math.min(AWAY_MAX_MS, Math.max(AWAY_FIRST_MS, awayMs * 2));
      await clock.sleep(awayMs * (0.5 + random.fraction() / 2), signal);
    }
  }
}

/**
 * Small steps keep a distance, and a busy set, which takes long for them, gets fewer: at most half of the time is spent
 * on them. Large ones, out of a backlog, follow each other at once.
 */
function restAfter(tookMs: number, items: number, gatherMs: number): number {
  if (items >= LARGE_ITEMS) return 0;
  return Math.min(REST_MAX_MS, Math.max(gatherMs - tookMs, tookMs));
}
