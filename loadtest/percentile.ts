/** Percentiles of measured values: exact, from all of them, never from an average of averages. Pure. */

export interface Spread {
  readonly count: number;
  readonly min: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
}

/** The spread of `values`, in any order; undefined when there are none. Does not change them. */
export function spreadOf(values: Iterable<number>): Spread | undefined {
  const sorted = Float64Array.from(values).sort();
  if (sorted.length === 0) return undefined;
  return {
    count: sorted.length,
    min: percentile(sorted, 0),
    p50: percentile(sorted, 50),
    p90: percentile(sorted, 90),
    p99: percentile(sorted, 99),
    max: percentile(sorted, 100),
  };
}

/**
 * The smallest value that at least `percent` of 100 of the values do not exceed (nearest rank): always one that was
 * measured. `sorted` ascends and holds at least one.
 */
export function percentile(sorted: ArrayLike<number>, percent: number): number {
  const rank = Math.max(1, Math.ceil((percent / 100) * sorted.length));
  const value = sorted[Math.min(rank, sorted.length) - 1];
  if (value === undefined) throw new RangeError("Cannot take a percentile of no values");
  return value;
}
