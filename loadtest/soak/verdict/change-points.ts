/**
 * Where a history changed for good: the method of Hunter, which lives on as Apache Otava (Fleming, Kołaczkowski and
 * others, "Hunter: Using Change Point Detection to Hunt for Performance Regressions", ICPE 2023), on top of E-divisive
 * (Matteson and James, "A Nonparametric Approach for Multiple Change Point Analysis of Multivariate Data", 2014).
 * Windows that overlap are split where the halves differ most, again and again, as long as a t-test finds the halves
 * different; then the weakest of the points found are taken away until each stands by itself. No chance is in it: the
 * same history always has the same points. It is slow and sure: nothing is said of the last few runs.
 */
import { momentsOf, type SampleMoments, tTestPValue } from "./student-t.ts";

/** Of the history, the last runs only: a year of nights. */
export const SERIES_MAX = 366;
/** Otava's own defaults. */
const WINDOW_RUNS = 50;
const P_VALUE_MAX = 0.001;
/** Points that are looked at again when all are known: a split that stops at the first doubt misses what is behind. */
const WEAK_P_VALUE_MAX = P_VALUE_MAX * 10;
/**
 * Runs on each side of a point. Otava takes one, and pools the variance of both sides: a single bad night at the end is
 * a change there. E-divisive as published by its authors has this bound, and the t-test here counts the spread of the
 * few runs behind a point as theirs too.
 */
const SEGMENT_RUNS_MIN = 4;

export interface ChangePoint {
  /**
   * The first run that was different, of the values that were given; up to SEGMENT_RUNS_MIN - 1 too early where a
   * window, or the history, ended just after it.
   */
  readonly index: number;
  /** Means from the point before to this one, and from this one to the next. */
  readonly before: number;
  readonly after: number;
  readonly pValue: number;
}

/** How large the change is, of what was before; negative where the number fell. */
export function changeShare({ before, after }: ChangePoint): number {
  return before === after ? 0 : (after - before) / Math.abs(before);
}

/**
 * The points of `values`, oldest first, at which they changed by more than `magnitudeMin` (of what was before).
 * Looks at the last SERIES_MAX of them; indexes are those of `values`.
 */
export function findChangePoints(values: readonly number[], magnitudeMin = 0): readonly ChangePoint[] {
  const offset = Math.max(0, values.length - SERIES_MAX);
  const series = values.slice(offset);
  const points = withoutTheWeak(series, splitInWindows(series), magnitudeMin);
  return points.map((point) => ({ ...point, index: point.index + offset }));
}

/** Windows overlap by half, and the next begins where the last change was found, so that no change is cut in two. */
function splitInWindows(series: readonly number[]): readonly number[] {
  const found = new Set<number>();
  for (let start = 0; start < series.length; ) {
    const inWindow = splitWindow(series.slice(start, start + WINDOW_RUNS)).map((at) => at + start);
    for (const at of inWindow) found.add(at);
    start = Math.max(start + WINDOW_RUNS / 2, ...inWindow);
  }
  return [...found].toSorted((a, b) => a - b);
}

/** Cuts the window where it differs most of all its parts, while the halves of what is cut are different. */
function splitWindow(window: readonly number[]): readonly number[] {
  const sums = distanceSums(window);
  const cuts: number[] = [];
  // Each turn adds a cut, and there are fewer cuts than values.
  for (;;) {
    const bounds = [0, ...cuts, window.length];
    const parts = bounds.slice(1).map((end, i) => ({ start: bounds[i] ?? 0, end }));
    const best = parts
      .flatMap(({ start, end }) => bestSplit(sums, start, end) ?? [])
      .reduce<Split | undefined>(
        (most, split) => (split.difference > (most?.difference ?? 0) ? split : most),
        undefined,
      );
    if (best === undefined) return cuts;
    // Against what the split was chosen by, and not up to the end of the part, as Otava does: there what comes after a
    // short hill would hide its beginning, and the first doubt ends the search of the whole window.
    const [left, right] = [window.slice(best.start, best.at), window.slice(best.at, best.until)];
    if (!(tTestPValue(momentsOf(left), momentsOf(right)) < WEAK_P_VALUE_MAX)) return cuts;
    cuts.push(best.at);
    cuts.sort((a, b) => a - b);
  }
}

interface Split {
  readonly start: number;
  readonly at: number;
  readonly until: number;
  readonly difference: number;
}

/** Of all splits of [start, end), and all shorter right sides of each, the one with the largest divergence. */
function bestSplit(sums: DistanceSums, start: number, end: number): Split | undefined {
  let best: Split | undefined;
  for (let at = start + SEGMENT_RUNS_MIN; at <= end - SEGMENT_RUNS_MIN; at++) {
    // What comes after another change would only blur this one: the right side may end early.
    for (let until = at + SEGMENT_RUNS_MIN; until <= end; until++) {
      const difference = divergence(sums, start, at, until);
      if (difference > (best?.difference ?? 0)) best = { start, at, until, difference };
    }
  }
  return best;
}

/** The empirical divergence of Matteson and James with exponent 1: distances across, less those within each side. */
function divergence(sums: DistanceSums, start: number, at: number, end: number): number {
  const [left, right] = [at - start, end - at];
  const across = (2 / (left * right)) * sums(start, at, at, end);
  // A block of distances to each other holds each pair twice.
  const withinLeft = sums(start, at, start, at) / (left * (left - 1));
  const withinRight = sums(at, end, at, end) / (right * (right - 1));
  return ((left * right) / (left + right)) * (across - withinLeft - withinRight);
}

/** Sum of the distances of every value of [a, b) to every value of [c, d). */
type DistanceSums = (a: number, b: number, c: number, d: number) => number;

function distanceSums(window: readonly number[]): DistanceSums {
  const side = window.length + 1;
  const sums = new Float64Array(side * side);
  const at = (row: number, column: number): number => sums[row * side + column] ?? Number.NaN;
  for (const [i, a] of window.entries()) {
    for (const [j, b] of window.entries()) {
      sums[(i + 1) * side + j + 1] = Math.abs(a - b) + at(i, j + 1) + at(i + 1, j) - at(i, j);
    }
  }
  return (a, b, c, d) => at(b, d) - at(a, d) - at(b, c) + at(a, c);
}

/** Takes away the least sure point until all are sure, then the smallest until all are large enough. */
function withoutTheWeak(series: readonly number[], weak: readonly number[], magnitudeMin: number): ChangePoint[] {
  let indexes = weak;
  for (;;) {
    // Each turn takes one away, and what is beside it is compared with more runs than before.
    const points = pointsAt(series, indexes);
    const unsure = largest(points, ({ pValue }) => pValue);
    const small = largest(points, (point) => -Math.abs(changeShare(point)));
    if (unsure === undefined || small === undefined) return [];
    const gone = unsure.pValue >= P_VALUE_MAX ? unsure : small;
    if (gone === small && unsure.pValue < P_VALUE_MAX && Math.abs(changeShare(small)) > magnitudeMin) return points;
    indexes = indexes.filter((index) => index !== gone.index);
  }
}

function pointsAt(series: readonly number[], indexes: readonly number[]): ChangePoint[] {
  const bounds = [0, ...indexes, series.length];
  return indexes.map((index, i): ChangePoint => {
    const left: SampleMoments = momentsOf(series.slice(bounds[i], index));
    const right: SampleMoments = momentsOf(series.slice(index, bounds[i + 2]));
    return { index, before: left.mean, after: right.mean, pValue: tTestPValue(left, right) };
  });
}

function largest(points: readonly ChangePoint[], by: (point: ChangePoint) => number): ChangePoint | undefined {
  return points.reduce<ChangePoint | undefined>(
    (most, point) => (most === undefined || by(point) > by(most) ? point : most),
    undefined,
  );
}
