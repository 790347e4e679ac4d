import { expect, test } from "bun:test";
import { changeShare, findChangePoints, SERIES_MAX } from "./change-points.ts";
import { GATE_KINDS } from "./gate-kinds.ts";
import { BASELINE_RUNS_MIN, baselineOf, judgeByHistory } from "./robust-history.ts";
import { noisySeries, SEEDS_MIN, seedsWhere } from "./testing/synthetic-runs.ts";

const CPU = GATE_KINDS.cpuSecondsPerThousand;
const QUIET = { count: 60, level: 1.2, noise: 0.015 };

// With the magnitude that judges: by p < 0.001 alone, of 1,000 quiet series 14 have a point somewhere.
test("a step of 6 % is found where it is, and nothing else", () => {
  const found = seedsWhere("step", (random) => {
    const points = findChangePoints(
      noisySeries(random, QUIET, (i) => (i >= 37 ? 1.06 : 1)),
      CPU.floorShare,
    );
    const [point] = points;
    return points.length === 1 && point !== undefined && Math.abs(point.index - 37) <= 1 && changeShare(point) > 0.04;
  });
  expect(found.length).toBeGreaterThanOrEqual(SEEDS_MIN);
});

test("nothing is found in noise, nor of single wild runs, even the last", () => {
  const quiet = seedsWhere("quiet", (random) => findChangePoints(noisySeries(random, QUIET)).length === 0);
  expect(quiet.length).toBeGreaterThanOrEqual(SEEDS_MIN);
  const wild = (i: number): number => (i === 11 || i === 30 ? 1.5 : i === 59 ? 2 : 1);
  const outliers = seedsWhere("wild", (random) => findChangePoints(noisySeries(random, QUIET, wild)).length === 0);
  expect(outliers.length).toBeGreaterThanOrEqual(SEEDS_MIN);
});

test("a step up and the step back are two changes", () => {
  const found = seedsWhere("hill", (random) => {
    const points = findChangePoints(
      noisySeries(random, QUIET, (i) => (i >= 20 && i < 35 ? 1.1 : 1)),
      0.05,
    );
    return points.length === 2 && points.every(({ index }, i) => Math.abs(index - (i === 0 ? 20 : 35)) <= 1);
  });
  expect(found.length).toBeGreaterThanOrEqual(SEEDS_MIN);
});

test("a hill of six nights is found wherever it is, though all that comes after is as before", () => {
  for (const from of [10, 25, 40]) {
    const found = seedsWhere(`hill at ${from}`, (random) => {
      const hill = (i: number): number => (i >= from && i < from + 6 ? 1.08 : 1);
      return findChangePoints(noisySeries(random, QUIET, hill), CPU.floorShare).length === 2;
    });
    expect({ from, enough: found.length >= SEEDS_MIN }).toEqual({ from, enough: true });
  }
});

test("the last night alone is no change yet, however bad; the last six are", () => {
  const [one, six] = [1, 6].map((nights) =>
    seedsWhere(`last ${nights}`, (random) => {
      const factor = nights === 1 ? 1.2 : 1.08;
      const values = noisySeries(random, QUIET, (i) => (i >= QUIET.count - nights ? factor : 1));
      return findChangePoints(values, CPU.floorShare).length > 0;
    }),
  );
  expect(one?.length).toBeLessThanOrEqual(1);
  expect(six?.length).toBeGreaterThanOrEqual(SEEDS_MIN);
});

test("a drift that no night's limit sees is found", () => {
  const drift = seedsWhere("drift", (random) => {
    const values = noisySeries(random, { ...QUIET, noise: 0.01 }, (i) => 1 + 0.002 * i);
    const seenAtNight = values.some((value, night) => {
      const baseline = night < BASELINE_RUNS_MIN ? undefined : baselineOf(values.slice(0, night));
      return baseline !== undefined && judgeByHistory(value, baseline, CPU).broken;
    });
    const last = findChangePoints(values, CPU.floorShare).at(-1);
    return !seenAtNight && last !== undefined && changeShare(last) > CPU.floorShare;
  });
  expect(drift.length).toBeGreaterThanOrEqual(SEEDS_MIN);
});

test("the same history has the same points; of a long one the last year is looked at", () => {
  seedsWhere("long", (random) => {
    const step = SERIES_MAX + 100;
    const values = noisySeries(random, { ...QUIET, count: SERIES_MAX + 200 }, (i) =>
      i < 50 ? 9 : i >= step ? 1.1 : 1,
    );
    const points = findChangePoints(values, 0.05);
    expect(points).toEqual(findChangePoints(values, 0.05));
    // A window that ends just behind the step finds it three runs early at most.
    expect(points.map(({ index }) => Math.abs(index - step) <= 3)).toEqual([true]);
    return true;
  });
});

test("constants, steps of constants and short histories do not trip it", () => {
  expect(findChangePoints([])).toEqual([]);
  expect(findChangePoints([1, 2, 3])).toEqual([]);
  expect(findChangePoints(new Array<number>(60).fill(0))).toEqual([]);
  const [point, ...others] = findChangePoints([...new Array<number>(10).fill(1), ...new Array<number>(10).fill(2)]);
  expect(point).toEqual({ index: 10, before: 1, after: 2, pValue: 0 });
  expect(others).toEqual([]);
});
