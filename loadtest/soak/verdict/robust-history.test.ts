import { expect, test } from "bun:test";
import { GATE_KINDS } from "./gate-kinds.ts";
import { BASELINE_RUNS_MAX, BASELINE_RUNS_MIN, baselineOf, comparableRuns, judgeByHistory } from "./robust-history.ts";
import { noisySeries, SEEDS_MIN, seedsWhere, syntheticHistory, syntheticRun } from "./testing/synthetic-runs.ts";

const P95 = GATE_KINDS.endToEndP95Ms;
const RATE = GATE_KINDS.ratePerSecond;
const QUIET = { count: 20, level: 260, noise: 0.03 };

function brokenBy(values: readonly number[], tolerance = P95): boolean {
  const baseline = baselineOf(values.slice(0, -1));
  if (baseline === undefined) throw new Error("The history is too short to be judged");
  return judgeByHistory(values.at(-1) ?? Number.NaN, baseline, tolerance).broken;
}

test("a step of a quarter is red, and a run like all others is green", () => {
  const step = seedsWhere("step", (random) => brokenBy(noisySeries(random, QUIET, (i) => (i === 19 ? 1.25 : 1))));
  expect(step.length).toBeGreaterThanOrEqual(SEEDS_MIN);
  const quiet = seedsWhere("quiet", (random) => !brokenBy(noisySeries(random, QUIET)));
  expect(quiet.length).toBeGreaterThanOrEqual(SEEDS_MIN);
});

test("outliers in the history turn nothing red, and hide no step", () => {
  const wild = (i: number): number => (i === 9 ? 4 : i === 14 ? 0.3 : i === 17 ? 3 : 1);
  const quiet = seedsWhere("outliers", (random) => !brokenBy(noisySeries(random, QUIET, wild)));
  expect(quiet.length).toBeGreaterThanOrEqual(SEEDS_MIN);
  const step = seedsWhere("hidden", (random) =>
    brokenBy(noisySeries(random, QUIET, (i) => (i === 19 ? 1.25 : wild(i)))),
  );
  expect(step.length).toBeGreaterThanOrEqual(SEEDS_MIN);
});

test("only the worse side has a limit: a rate may rise and not fall, a latency the other way", () => {
  const baseline = { median: 100, deviation: 0.1, runs: 14 };
  expect(judgeByHistory(95.1, baseline, RATE)).toEqual({ limit: 95, broken: false });
  expect(judgeByHistory(94.9, baseline, RATE).broken).toBe(true);
  expect(judgeByHistory(200, baseline, RATE).broken).toBe(false);
  expect(judgeByHistory(110.1, baseline, P95)).toEqual({ limit: 110, broken: true });
  expect(judgeByHistory(1, baseline, P95).broken).toBe(false);
  expect(judgeByHistory(Number.NaN, baseline, P95).broken).toBe(true);
});

test("the limit is three deviations where runs lie far apart, and never less than the floor of its kind", () => {
  expect(judgeByHistory(1, { median: 100, deviation: 10, runs: 14 }, P95).limit).toBeCloseTo(144.478, 6);
  expect(judgeByHistory(1, { median: 1, deviation: 0, runs: 14 }, P95).limit).toBe(1 + P95.floorAbsolute);
});

test("baselineOf() takes the last runs only, and says nothing of too few", () => {
  expect(baselineOf(Array.from({ length: BASELINE_RUNS_MIN - 1 }, () => 1))).toBeUndefined();
  expect(baselineOf(Array.from({ length: BASELINE_RUNS_MIN }, () => 1))).toEqual({
    median: 1,
    deviation: 0,
    runs: BASELINE_RUNS_MIN,
  });
  const old = [900, 900, 900, ...Array.from({ length: BASELINE_RUNS_MAX }, (_, i) => i)];
  expect(baselineOf(old)).toEqual({ median: 6.5, deviation: 3.5, runs: BASELINE_RUNS_MAX });
});

test("comparableRuns() leaves out other machines, loads, lengths, later runs, and the noisy and invalid", () => {
  seedsWhere("comparable", (random) => {
    const history = syntheticHistory(random, 8);
    const run = syntheticRun(random, 7.5);
    expect(comparableRuns(history, run)).toEqual(history);
    expect(comparableRuns(history, { ...run, fingerprint: "four cores" })).toEqual([]);
    expect(comparableRuns(history, { ...run, offeredPerSecond: 330 })).toEqual([]);
    expect(comparableRuns(history, { ...run, durationMs: run.durationMs * 2.5 })).toEqual([]);
    expect(comparableRuns(history, { ...run, startedAt: history[3]?.startedAt ?? 0 })).toEqual(history.slice(0, 3));
    for (const name of ["noisy", "invalid"] as const) {
      expect(comparableRuns([{ ...run, startedAt: 0, verdict: { name, because: "planted" } }], run)).toEqual([]);
    }
    return true;
  });
});
