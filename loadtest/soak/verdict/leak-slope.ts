/**
 * Whether something grows without end: the slope of a resource over a run, after its warm-up, by the method of Theil
 * (1950) and Sen (1968): the median of the slopes of all pairs of points, with an interval from the ranks. A few wild
 * samples do not move it. Pure.
 */
import { median } from "../../queue/repeat.ts";

export interface ResourceSample {
  readonly atMs: number;
  readonly value: number;
}

/** Heaps, caches and pools fill at first: of three hours and a half the first three quarters of an hour. */
const WARM_UP_SHARE = 0.2;
/**
 * Samples are thinned to the medians of this many equal spans of time: 240 points have 28,680 pairs, 2,880 have four
 * million. It also takes the saw of the collections out, and with it most of what a sample says of the next one, on
 * which the interval counts.
 */
const POINTS_MAX = 240;
/** Fewer have no interval worth the name. */
export const POINTS_MIN = 10;
/** 99 of 100 intervals hold the slope of a resource that only goes up and down. */
const INTERVAL_SIGMAS = 2.576;
/** A process that doubles in two days is restarted by somebody at night. */
export const LEAK_SHARE_PER_HOUR = 0.02;
/**
 * And it has grown by this much while we looked: a warm heap moves by some percent in minutes, and four minutes of that
 * are no trend. In a run of three hours or more the share per hour is the stricter of both.
 */
const LEAK_GROWN_SHARE = 0.05;
const HOUR_MS = 3_600_000;

export interface LeakSlope {
  /** In units of the value: the estimate and its 99 % interval. */
  readonly perHour: number;
  readonly low: number;
  readonly high: number;
  /** The slope, of what it held at first after its warm-up. */
  readonly sharePerHour: number;
  /** Until the line comes to the limit; undefined where none was given, or it never does. */
  readonly hoursToLimit: number | undefined;
  readonly verdict: "leak" | "flat" | "too few";
}

/** In the unit of the values. */
export interface LeakBounds {
  /** Where it would end. */
  readonly limit?: number;
  /**
   * Growth over the run that is none, however sure: a run of minutes cannot tell a heap that still fills from one that
   * leaks but by how much it is.
   */
  readonly floor?: number;
}

/** Judges samples in order of time. */
export function leakSlope(samples: readonly ResourceSample[], { limit, floor = 0 }: LeakBounds = {}): LeakSlope {
  const points = thinned(warmOf(samples));
  const [first, last] = [points[0], points.at(-1)];
  if (first === undefined || last === undefined || points.length < POINTS_MIN) {
    const [low, high] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
    return { perHour: 0, low, high, sharePerHour: 0, hoursToLimit: undefined, verdict: "too few" };
  }
  const { slope, low, high } = senSlope(points);
  const start = median(points.map(({ atMs, value }) => value - slope * (atMs - first.atMs)));
  const end = start + slope * (last.atMs - first.atMs);
  // From nothing to something is more than any share.
  const share = (growth: number): number => (growth > 0 && start <= 0 ? Number.POSITIVE_INFINITY : growth / start || 0);
  const sharePerHour = share(slope * HOUR_MS);
  const hasGrown = share(end - start) > LEAK_GROWN_SHARE && end - start > floor;
  const leaks = low > 0 && sharePerHour > LEAK_SHARE_PER_HOUR && hasGrown;
  const reaches = limit !== undefined && Number.isFinite(limit) && slope > 0;
  return {
    perHour: slope * HOUR_MS,
    low: low * HOUR_MS,
    high: high * HOUR_MS,
    sharePerHour,
    hoursToLimit: reaches ? Math.max(0, limit - end) / (slope * HOUR_MS) : undefined,
    verdict: leaks ? "leak" : "flat",
  };
}

function warmOf(samples: readonly ResourceSample[]): readonly ResourceSample[] {
  const [from, to] = [samples[0]?.atMs ?? 0, samples.at(-1)?.atMs ?? 0];
  const warmAt = from + (to - from) * WARM_UP_SHARE;
  // A process that was away is sampled as no number.
  return samples.filter(({ atMs, value }) => atMs >= warmAt && Number.isFinite(value));
}

function thinned(samples: readonly ResourceSample[]): readonly ResourceSample[] {
  if (samples.length <= POINTS_MAX) return samples;
  const [from, to] = [samples[0]?.atMs ?? 0, samples.at(-1)?.atMs ?? 0];
  const spans = Map.groupBy(samples, ({ atMs }) =>
    Math.min(POINTS_MAX - 1, Math.floor(((atMs - from) / (to - from)) * POINTS_MAX)),
  );
  return [...spans.values()].map((span) => ({
    atMs: median(span.map(({ atMs }) => atMs)),
    value: median(span.map(({ value }) => value)),
  }));
}

/** Slope a millisecond, with Sen's interval: the ranks that the variance of Kendall's S leaves room for. */
function senSlope(points: readonly ResourceSample[]): { slope: number; low: number; high: number } {
  const slopes = new Float64Array((points.length * (points.length - 1)) / 2);
  let count = 0;
  for (const [i, a] of points.entries()) {
    for (const b of points.slice(i + 1)) {
      if (b.atMs > a.atMs) slopes[count++] = (b.value - a.value) / (b.atMs - a.atMs);
    }
  }
  const sorted = slopes.subarray(0, count).sort();
  const room = INTERVAL_SIGMAS * Math.sqrt(kendallVariance(points.map(({ value }) => value)));
  const low = sorted[Math.max(0, Math.floor((count - room) / 2))] ?? Number.NaN;
  const high = sorted[Math.min(count - 1, Math.ceil((count + room) / 2))] ?? Number.NaN;
  return { slope: median(sorted), low, high };
}

/** Of Kendall's S for this many points; equal values (file descriptors are whole) take from it. */
function kendallVariance(values: readonly number[]): number {
  const term = (n: number): number => n * (n - 1) * (2 * n + 5);
  const ties = [...Map.groupBy(values, (value) => value).values()];
  return ties.reduce((left, { length }) => left - term(length), term(values.length)) / 18;
}
