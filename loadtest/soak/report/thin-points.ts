/** Fewer points for the same picture: the lowest and the highest of each part of the time stay. Pure. */

export type Point = readonly [at: number, value: number];

/**
 * At most `pointsMax` of `points` (at least 2), in their order; all of them where they are few enough. `points` are in
 * the order of time and finite.
 */
export function thinPoints(points: readonly Point[], pointsMax: number): readonly Point[] {
  const [first, last] = [points[0], points.at(-1)];
  if (points.length <= pointsMax || first === undefined || last === undefined) return points;
  const parts = Math.floor(pointsMax / 2);
  const span = last[0] - first[0];
  const kept: { low: number; high: number }[] = [];
  for (const [i, [at, value]] of points.entries()) {
    const part = span > 0 ? Math.max(0, Math.min(parts - 1, Math.floor(((at - first[0]) / span) * parts))) : 0;
    const seen = kept[part];
    if (seen === undefined) kept[part] = { low: i, high: i };
    else if (value < (points[seen.low]?.[1] ?? value)) seen.low = i;
    else if (value > (points[seen.high]?.[1] ?? value)) seen.high = i;
  }
  // Parts in which nothing was measured are holes of the array: flatMap() passes over them.
  return kept.flatMap(({ low, high }) =>
    [...new Set([Math.min(low, high), Math.max(low, high)])].flatMap((i) => {
      const point = points[i];
      return point === undefined ? [] : [point];
    }),
  );
}
