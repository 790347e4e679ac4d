/**
 * Which of the candidates a claim takes: the preferred lanes' first, but a lane that had work and was passed over
 * LANE_SKIPS_MAX times has the first turn once. One of these for each store of a process.
 */
import type { Lane } from "#domain/lane.ts";
import { LANE_SKIPS_MAX } from "#domain/limits.ts";

export interface Candidate {
  readonly lane: Lane;
  /** Items in the chunk. */
  readonly count: number;
}

export interface LaneTurns {
  /**
   * The candidates that make a claim of at most `itemsMax` items, but one chunk at least, whatever its size; in each
   * lane in the order given.
   */
  take<C extends Candidate>(candidates: readonly C[], lanes: readonly Lane[], itemsMax: number): readonly C[];
}

export function createLaneTurns(): LaneTurns {
  const skips = new Map<Lane, number>();
  return {
    take(candidates, lanes, itemsMax) {
      const isOwed = (lane: Lane): boolean => (skips.get(lane) ?? 0) >= LANE_SKIPS_MAX;
      const order = [...lanes.filter(isOwed), ...lanes.filter((lane) => !isOwed(lane))];
      const byLane = Map.groupBy(candidates, ({ lane }) => lane);
      const taken = firstThatFit(
        order.flatMap((lane) => byLane.get(lane) ?? []),
        itemsMax,
      );
      for (const lane of lanes) {
        const isSkipped = byLane.has(lane) && !taken.some((candidate) => candidate.lane === lane);
        if (isSkipped) skips.set(lane, (skips.get(lane) ?? 0) + 1);
        else skips.delete(lane);
      }
      return taken;
    },
  };
}

function firstThatFit<C extends Candidate>(candidates: readonly C[], itemsMax: number): readonly C[] {
  let items = 0;
  const end = candidates.findIndex(({ count }, i) => {
    items += count;
    return i > 0 && items > itemsMax;
  });
  return end < 0 ? candidates : candidates.slice(0, end);
}
