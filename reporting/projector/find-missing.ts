/**
 * What PostgreSQL has read of a set and the set holds no more. A log only grows and a month goes only with all its
 * writers, so a batch that is gone means one thing: the set came out of a backup that is older than what was read.
 */
import { type Store, StoreError } from "#core/store/store.ts";
import { timeOfWriter, type WriterId } from "#domain/ids.ts";
import type { Position, Positions } from "./checkpoint.ts";

/** A writer whose batches after `held`, up to `projected`, are not all on the set. */
export interface MissingBatches {
  readonly writer: WriterId;
  readonly held: number;
  readonly projected: number;
}

/** Clocks of processes and sets are closer than this, or much else would be wrong. */
const CLOCK_MS = 3_600_000;
/** Writers that are asked for at once. */
const ASKED_AT_ONCE = 16;

/** One small read for each writer. Throws StoreError when the set does not answer. */
export async function findMissing(store: Store, positions: Positions): Promise<readonly MissingBatches[]> {
  const isKept = await whatIsKept(store);
  const known = [...positions].filter(([writer]) => isKept(writer));
  const missing: MissingBatches[] = [];
  for (let i = 0; i < known.length; i += ASKED_AT_ONCE) {
    const asked = known.slice(i, i + ASKED_AT_ONCE).map(async ([writer, position]) => {
      const projected = position.sequence;
      const held = await lastHeld(store, writer, position);
      return held < projected ? [{ writer, held, projected }] : [];
    });
    missing.push(...(await Promise.all(asked)).flat());
  }
  if (missing.length === 0) return [];
  // A month may have been dropped while this looked; the set says so before it drops it.
  const isStillKept = await whatIsKept(store);
  return missing.filter(({ writer }) => isStillKept(writer));
}

/** Older writers may have been dropped with their month. */
async function whatIsKept(store: Store): Promise<(writer: WriterId) => boolean> {
  const keptSince = await store.events.keptSince();
  return (writer) => keptSince === 0 || timeOfWriter(writer) > keptSince + CLOCK_MS;
}

/** The last of the batches 1 to `projected` without a gap before it. Sequences have no gaps, so halving finds it. */
async function lastHeld(store: Store, writer: WriterId, { sequence: projected, closed }: Position): Promise<number> {
  if (projected === 0 || (await kindOf(store, writer, projected)) === (closed ? "closed" : "open")) return projected;
  let [low, high] = [0, projected];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if ((await kindOf(store, writer, middle)) === "open") low = middle;
    else high = middle;
  }
  return low;
}

/** An end where there was none before was put there after the restore, in the place of what is lost. */
async function kindOf(store: Store, writer: WriterId, sequence: number): Promise<"open" | "closed" | "missing"> {
  const found = await store.events.read(new Map([[writer, sequence - 1]]), 1).catch((error: unknown) => {
    // A process that slept through the restore went on with its old number: this one is missing before it.
    if (error instanceof StoreError && error.code === "store_corrupt") return [];
    throw error;
  });
  const [batch] = found;
  if (batch?.sequence !== sequence) return "missing";
  return batch.kind === "closed" ? "closed" : "open";
}
