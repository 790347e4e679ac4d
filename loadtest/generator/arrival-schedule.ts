/**
 * When requests are due at a fixed arrival rate (the open model): request i is due i / rate seconds after the start,
 * whatever became of those before it. Latency is taken from that moment, so a server that stalls cannot hide the
 * requests that it kept from being sent (coordinated omission). Pure.
 */

export interface ArrivalSchedule {
  /** How many requests there are in all. */
  readonly total: number;
  /** Milliseconds after the start at which request `index` is due. */
  dueMs(index: number): number;
  /** How many requests are due once `elapsedMs` have passed. */
  dueCount(elapsedMs: number): number;
}

export function createArrivalSchedule(options: {
  readonly perSecond: number;
  readonly seconds: number;
}): ArrivalSchedule {
  const { perSecond, seconds } = options;
  if (!(perSecond > 0))
    throw new RangeError(`Cannot schedule as 'perSecond' must be > 0: current value is ${perSecond}`);
  const total = Math.floor(perSecond * seconds);
  const dueMs = (index: number): number => (index * 1_000) / perSecond;
  return {
    total,
    dueMs,
    dueCount(elapsedMs) {
      if (elapsedMs < 0) return 0;
      let due = Math.floor((elapsedMs * perSecond) / 1_000) + 1;
      // The division may round the last one to either side of its own moment.
      if (dueMs(due - 1) > elapsedMs) due--;
      else if (dueMs(due) <= elapsedMs) due++;
      return Math.min(total, due);
    },
  };
}
