/**
 * One loop: claim from some lanes of one set, process, claim again. It never throws: a set that is away is waited for
 * with back-off and said once; a defect in processing is poison.ts's to find.
 * States: busy → idle (waits for the bell of its lanes) → away (backs off) → busy.
 */

import { type Hold, type Store, StoreError } from "#core/store/store.ts";
import type { Lane } from "#domain/lane.ts";
import { CHUNK_ITEMS_MAX } from "#domain/limits.ts";
import { processIsolating } from "./poison.ts";
import type { WorkContext } from "./work-context.ts";

/** A step takes tens of milliseconds; an election some seconds; a worker that is silent for longer is replaced. */
const LEASE_MS = 15_000;
/** However quiet it is, lanes are looked at this often: a delayed chunk and a lapsed lease ring no bell. */
const IDLE_LOOK_MS = 500;
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
  /** How often empty lanes are looked at while the bell is out of order. */
  readonly pollMs: number;
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
    const startedAt = clock.monotonic();
    try {
      const claim = { lanes: loop.lanes, itemsMax: CHUNK_ITEMS_MAX, leaseMs: LEASE_MS, owner: options.owner };
      const holds = await store.claim(claim);
      if (awayMs > 0) log.info("set.recovered", { set: store.set });
      awayMs = 0;
      if (holds.length === 0) {
        await bell.wait(IDLE_LOOK_MS, signal);
        continue;
      }
      await processIsolating(context, { store, holds, name: loop.name, process: loop.process });
      const restMs = loop.gatherMs - (clock.monotonic() - startedAt);
      if (restMs > 0) await clock.sleep(restMs, signal);
    } catch (error) {
      const code = error instanceof StoreError ? error.code : "defect";
      if (awayMs === 0) log.error("set.unreachable", { set: store.set, code, doing: loop.name });
      awayMs = Math.min(AWAY_MAX_MS, Math.max(AWAY_FIRST_MS, awayMs * 2));
      await clock.sleep(awayMs * (0.5 + random.fraction() / 2), signal);
    }
  }
}
