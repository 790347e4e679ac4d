/** Submits of one account a second: a second's worth may come at once, and what is not used is not kept. */
import type { Clock } from "#domain/clock.ts";

export interface SubmitRate {
  /** Whether `count` more are within the rate now; then they are counted. More than a second's worth goes alone. */
  take(count: number, perSecond: number): boolean;
}

export function createSubmitRate(clock: Pick<Clock, "monotonic">): SubmitRate {
  let tokens = Number.POSITIVE_INFINITY;
  let at = clock.monotonic();
  return {
    take(count, perSecond) {
      const now = clock.monotonic();
      tokens = Math.min(perSecond, tokens + ((now - at) / 1_000) * perSecond);
      at = now;
      if (tokens < Math.min(count, perSecond)) return false;
      tokens -= count;
      return true;
    },
  };
}
