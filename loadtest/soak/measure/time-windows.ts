/** Parts of a run that are judged together, such as its steady minutes without those in which faults were planted. */

/** `from <= t < to`, milliseconds since the epoch. */
export interface TimeWindow {
  readonly from: number;
  readonly to: number;
}

/** From the first to the last of them, and how long they are together. They may not overlap. Throws RangeError. */
export function spanOf(windows: readonly TimeWindow[]): TimeWindow & { readonly totalMs: number } {
  const sorted = windows.toSorted((a, b) => a.from - b.from);
  const [first, last] = [sorted[0], sorted.at(-1)];
  if (first === undefined || last === undefined) throw new RangeError("Cannot judge a run without a time window");
  for (const [i, { from, to }] of sorted.entries()) {
    if (!(to > from)) throw new RangeError(`Cannot judge the time window from ${from} to ${to} as it is empty`);
    const before = sorted[i - 1];
    if (before !== undefined && before.to > from) {
      throw new RangeError(`Cannot judge time windows that overlap: ${before.to} lies after ${from}`);
    }
  }
  return { from: first.from, to: last.to, totalMs: sorted.reduce((sum, { from, to }) => sum + to - from, 0) };
}
