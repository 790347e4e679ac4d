/** Memory over time: what is typical of a span, how fast it grows, and whether that is flat. Pure. */

/** One look at every part: megabytes by part. */
export interface RssSample {
  readonly atMs: number;
  readonly megabytes: Readonly<Record<string, number>>;
}

/**
 * A role may hold this much more at the end than it did warm, at the same rate with a small part of the backlog. Two
 * million messages of ~600 bytes would be 1,200 MB in any process that kept them.
 */
export const GROWTH_MAX = { factor: 1.5, megabytes: 64 } as const;
/**
 * While it works on the backlog: of the ~90,000 messages that pass in a minute no more than 130 bytes each may stay.
 * Heaps move by some tens of megabytes between two collections; a line through four minutes of that has a slope of up
 * to 7 (measured, the edge).
 */
export const SLOPE_MB_PER_MIN_MAX = 12;

export interface Memory {
  readonly warm: number;
  readonly backlog: number;
  readonly end: number;
  /** The largest and the smallest seen from the first of the spans to the end of the last. */
  readonly most: number;
  readonly least: number;
  /** Least squares over the work on the backlog. */
  readonly slopePerMin: number;
}

/** Medians of the three spans, and the slope of the last: `from` and `to` in milliseconds. */
export function memoryOf(
  samples: readonly RssSample[],
  part: string,
  spans: { readonly warm: Span; readonly backlog: Span; readonly end: Span; readonly work: Span },
): Memory {
  const within = ({ from, to }: Span): readonly (readonly [number, number])[] =>
    samples.flatMap(({ atMs, megabytes }) =>
      atMs >= from && atMs <= to && megabytes[part] !== undefined ? [[atMs, megabytes[part]] as const] : [],
    );
  const all = within({ from: spans.warm.from, to: spans.end.to }).map(([, megabytes]) => megabytes);
  const typical = (span: Span): number => medianOf(within(span).map(([, megabytes]) => megabytes));
  return {
    warm: typical(spans.warm),
    backlog: typical(spans.backlog),
    end: typical(spans.end),
    most: Math.max(...all),
    least: Math.min(...all),
    slopePerMin: slopeOf(within(spans.work)) * 60_000,
  };
}

export interface Span {
  readonly from: number;
  readonly to: number;
}

/** Why this is not flat, in words; undefined where it is. */
export function whyNotFlat(part: string, { warm, end, least, slopePerMin }: Memory): string | undefined {
  // A process that is gone has no memory, and stays so: as flat as can be.
  if (!(least > 0)) return `${part} was not there all the time`;
  const most = warm * GROWTH_MAX.factor + GROWTH_MAX.megabytes;
  if (!(end <= most)) return `${part} holds ${Math.round(end)} MB, and held ${Math.round(warm)} before the backlog`;
  if (slopePerMin <= SLOPE_MB_PER_MIN_MAX) return undefined;
  return `${part} grows by ${slopePerMin.toFixed(1)} MB a minute while it works on the backlog`;
}

function medianOf(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

function slopeOf(points: readonly (readonly [number, number])[]): number {
  const count = points.length;
  const meanX = points.reduce((sum, [x]) => sum + x, 0) / count;
  const meanY = points.reduce((sum, [, y]) => sum + y, 0) / count;
  const covariance = points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0);
  const variance = points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0);
  return covariance / variance;
}
