/**
 * One set's turn: read what follows the checkpoint, write it. States: unknown position → at a position → unknown again
 * after any failure, as only the reports know then what was written. It must never go past a gap in a writer's
 * sequence. A set that lacks what was read from it before has come out of a backup: it is marked as such at once, so
 * that nothing is sent from it, and read on.
 */

import type { EventBatch, Store } from "#core/store/store.ts";
import type { Clock } from "#domain/clock.ts";
import type { SetId, WriterId } from "#domain/ids.ts";
import { EVENTS_READ_MAX } from "#domain/limits.ts";
import { type Logger, silentLogger } from "#domain/log.ts";
import type { Positions } from "./checkpoint.ts";
import { findMissing } from "./find-missing.ts";
import { emptySetMetrics, type SetMetrics } from "./projector-metrics.ts";
import { createStateCache } from "./state-cache.ts";
import type { WriteOptions, WriteResult } from "./write-batches.ts";

/** In one read, of however few events. */
const BATCHES_MAX = 1_024;
/**
 * A new process's first events appear in the reports at most this late. The list is short, so reading it is cheap.
 */
const WRITERS_REFRESH_MS = 2_000;
/** ~1.5 KiB each. At 1,000 messages/s of a set it spans the half minute in which most are delivered. */
const STATES_MAX = 30_000;

/** What a projection needs of the reports: checkpoint and facts, written together. In use: PostgreSQL's. */
export interface Reports {
  /** How far the writers of `set` are written. */
  positions(set: SetId): Promise<Positions>;
  /** In one transaction. After an error it may have happened or not. */
  write(options: WriteOptions): Promise<WriteResult>;
}

/**
 * `full`: there is more, go on at once. `idle`: all was read. `yielded`: another projector is at work on this set.
 */
export type RoundResult = "full" | "idle" | "yielded";

export interface SetProjection {
  /**
   * Reads once and writes what it found. Throws StoreError, GapError or an error of the reports; call it again later.
   */
  round(): Promise<RoundResult>;
  readonly metrics: SetMetrics;
}

export function createSetProjection(deps: {
  readonly store: Store;
  readonly reports: Reports;
  readonly clock: Clock;
  readonly log?: Logger;
  readonly eventsPerRound?: number;
}): SetProjection {
  const { store, reports, clock, log = silentLogger, eventsPerRound = EVENTS_READ_MAX } = deps;
  const metrics = emptySetMetrics();
  const cache = createStateCache(STATES_MAX);
  let positions: Positions | undefined;
  let writers: readonly WriterId[] = [];
  let writersAt = Number.NEGATIVE_INFINITY;
  /**
   * Writers that still have a turn in this sweep: a read is filled writer by writer, so a busy one would starve
   * others.
   */
  let sweep: readonly WriterId[] = [];

  async function refreshWriters(): Promise<void> {
    if (clock.monotonic() - writersAt < WRITERS_REFRESH_MS) return;
    writers = (await store.events.writers()).map((record) => record.writer);
    writersAt = clock.monotonic();
  }

  async function read(from: Positions): Promise<{ readonly batches: readonly EventBatch[]; readonly isAll: boolean }> {
    const open = writers.filter((writer) => from.get(writer)?.closed !== true);
    const turn = sweep.length > 0 ? sweep : open;
    const after = new Map(turn.map((writer) => [writer, from.get(writer)?.sequence ?? 0]));
    const batches = after.size === 0 ? [] : await store.events.read(after, BATCHES_MAX, eventsPerRound);
    const served = new Set(batches.map((batch) => batch.writer));
    const isFull = batches.length >= BATCHES_MAX || countEvents(batches) >= eventsPerRound;
    const isPart = turn.length < open.length;
    sweep = isFull ? turn.filter((writer) => !served.has(writer)) : [];
    return { batches, isAll: !isFull && !isPart };
  }

  async function write(from: Positions, batches: readonly EventBatch[]): Promise<boolean> {
    const startedAt = clock.monotonic();
    const result = await reports.write({ set: store.set, positions: from, batches, cache });
    positions = result.positions;
    if (result.type === "stale") {
      cache.clear();
      sweep = [];
      return false;
    }
    metrics.writeMs += clock.monotonic() - startedAt;
    metrics.batches += batches.length;
    metrics.events += countEvents(batches);
    metrics.messages += result.projection.states.size;
    return true;
  }

  async function round(): Promise<RoundResult> {
    positions ??= await startFrom({ store, reports, log });
    await refreshWriters();
    const { batches, isAll } = await read(positions);
    metrics.lagBatches = batches.length;
    metrics.lagMs = batches.length === 0 ? 0 : Math.max(0, clock.now() - Math.min(...batches.map((batch) => batch.at)));
    const isOurs = batches.length === 0 || (await write(positions, batches));
    metrics.lastRoundAt = clock.now();
    if (isOurs && isAll) metrics.lagBatches = 0;
    if (!isOurs) return "yielded";
    return isAll ? "idle" : "full";
  }

  return {
    metrics,
    async round() {
      try {
        return await round();
      } catch (error) {
        positions = undefined;
        sweep = [];
        cache.clear();
        metrics.failures += 1;
        throw error;
      }
    },
  };
}

function countEvents(batches: readonly EventBatch[]): number {
  return batches.reduce((sum, batch) => sum + batch.events.length, 0);
}

/** Only here is it known what the set once held; whoever has to know it besides is told by the set itself. */
async function startFrom(deps: {
  readonly store: Store;
  readonly reports: Reports;
  readonly log: Logger;
}): Promise<Positions> {
  const { store, reports, log } = deps;
  const positions = await reports.positions(store.set);
  const suspects = await findMissing(store, positions);
  if (suspects.length === 0) return positions;
  // A primary that others have replaced, and that does not know it yet, shows an older log. It answers no ping.
  await store.ping();
  const missing = await findMissing(store, positions);
  if (missing.length > 0) {
    await store.declareStanding("restored");
    const batches = missing.reduce((sum, { projected, held }) => sum + projected - held, 0);
    log.error("project.set_went_back", { set: store.set, writers: missing.length, batches });
  }
  return positions;
}
