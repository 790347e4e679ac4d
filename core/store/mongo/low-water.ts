/**
 * Where looking for chunks begins. Claimed and acknowledged chunks leave dead entries at the head of the claim index
 * until the storage engine cleans up; a look that starts at the head walks over them all, again and again. So a look
 * starts a little before the oldest chunk seen last. Every FULL_LOOK_MS one starts at the head: a chunk may be put
 * there late, by a process whose idea of the set's clock is wrong.
 */
import type { Clock } from "#domain/clock.ts";
import type { Lane } from "#domain/lane.ts";

/** A chunk that is put behind the mark waits this long at most. */
const FULL_LOOK_MS = 5_000;
/** Chunks are stamped when their step is built, and seen when it is committed. */
const MARGIN_MS = 2_000;

export interface LowWater {
  /** Chunks of `lane` that were ready before it are not looked for; undefined: look from the head. */
  from(lane: Lane): number | undefined;
  /** When the oldest chunk that a look found was ready, or when it looked if it found none; by the set's clock. */
  saw(lane: Lane, oldestAt: number): void;
}

export function createLowWater(clock: Clock): LowWater {
  const marks = new Map<Lane, number>();
  let fullAt = clock.monotonic();
  return {
    from(lane) {
      if (clock.monotonic() - fullAt >= FULL_LOOK_MS) {
        marks.clear();
        fullAt = clock.monotonic();
      }
      return marks.get(lane);
    },
    saw(lane, oldestAt) {
      marks.set(lane, oldestAt - MARGIN_MS);
    },
  };
}
