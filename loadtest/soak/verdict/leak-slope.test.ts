import { expect, test } from "bun:test";
import type { Random } from "#domain/random.ts";
import { leakSlope, POINTS_MIN, type ResourceSample } from "./leak-slope.ts";
import { normal, SEEDS_MIN, seedsWhere } from "./testing/synthetic-runs.ts";

const HOUR_MS = 3_600_000;

/** A heap of 80 MB that fills, goes up and down between collections, and wanders: each sample remembers the last. */
function heap(
  random: Random,
  {
    hours,
    growthMbPerHour = 0,
    warmFor = 0,
  }: { readonly hours: number; readonly growthMbPerHour?: number; readonly warmFor?: number },
): readonly ResourceSample[] {
  let wander = 0;
  return Array.from({ length: Math.round((hours * HOUR_MS) / 5_000) }, (_, i) => {
    wander = 0.8 * wander + 0.6 * normal(random);
    const atMs = 1_000_000 + i * 5_000;
    const grown = ((i * 5_000) / HOUR_MS) * growthMbPerHour;
    return { atMs, value: 80 - 30 * Math.exp(-(i + warmFor) / 20) + (i % 7) + wander + grown };
  });
}

test("4 % an hour over four hours is a leak, and a heap that goes up and down is not", () => {
  const leak = seedsWhere("leak", (random) => {
    const { verdict, low, high, perHour } = leakSlope(heap(random, { hours: 4, growthMbPerHour: 3.2 }));
    return verdict === "leak" && low < perHour && perHour < high && Math.abs(perHour - 3.2) < 0.5;
  });
  expect(leak.length).toBeGreaterThanOrEqual(SEEDS_MIN);
  const quiet = seedsWhere("flat", (random) => leakSlope(heap(random, { hours: 4 })).verdict === "flat");
  expect(quiet.length).toBeGreaterThanOrEqual(SEEDS_MIN);
});

test("1 KB kept of each of 300 messages a second is seen in four minutes, and nothing in four quiet ones", () => {
  // A short run has a warm-up of its own before it is looked at: a heap that still fills is a slope like any other.
  const short = { hours: 4 / 60, warmFor: 60 };
  const leak = seedsWhere("short leak", (random) => {
    return leakSlope(heap(random, { ...short, growthMbPerHour: (300 * 3_600 * 1_024) / 1e6 })).verdict === "leak";
  });
  expect(leak.length).toBeGreaterThanOrEqual(SEEDS_MIN);
  const quiet = seedsWhere("short flat", (random) => leakSlope(heap(random, short)).verdict === "flat");
  expect(quiet.length).toBeGreaterThanOrEqual(SEEDS_MIN);
});

test("wild samples are no leak, nor is 1 % an hour", () => {
  const wild = seedsWhere("wild", (random) => {
    const samples = heap(random, { hours: 4 }).map((sample, i) =>
      i > 1_500 && i % 50 < 5 ? { ...sample, value: sample.value * 4 } : sample,
    );
    return leakSlope(samples).verdict === "flat";
  });
  expect(wild.length).toBeGreaterThanOrEqual(SEEDS_MIN);
  const slow = seedsWhere("slow", (random) => {
    const { verdict, low } = leakSlope(heap(random, { hours: 4, growthMbPerHour: 0.8 }));
    return verdict === "flat" && low > 0;
  });
  expect(slow.length).toBeGreaterThanOrEqual(SEEDS_MIN);
});

test("an hour of 4 % has not grown enough to be sure of, and a slope without a sure sign is no leak", () => {
  const line = (hours: number): readonly ResourceSample[] =>
    Array.from({ length: 100 }, (_, i) => ({ atMs: (i * hours * HOUR_MS) / 100, value: 100 + (i * hours * 4) / 100 }));
  expect(leakSlope(line(1)).verdict).toBe("flat");
  expect(leakSlope(line(4)).verdict).toBe("leak");
  const unsure = seedsWhere("unsure", (random) => {
    const samples = Array.from({ length: 40 }, (_, i) => ({ atMs: i * 60_000, value: 80 + 20 * normal(random) }));
    return leakSlope(samples).verdict === "flat";
  });
  expect(unsure.length).toBeGreaterThanOrEqual(SEEDS_MIN);
});

test("hours to a limit are those of the line, from its end", () => {
  const line = Array.from({ length: 100 }, (_, i) => ({ atMs: i * 60_000, value: 100 + i }));
  const { perHour, low, high, hoursToLimit } = leakSlope(line, { limit: 319 });
  expect([perHour, low, high]).toEqual([expect.closeTo(60), expect.closeTo(60), expect.closeTo(60)]);
  expect(hoursToLimit).toBeCloseTo(2, 9);
  expect(leakSlope(line, { limit: 10 }).hoursToLimit).toBe(0);
  const falling = line.map(({ atMs, value }) => ({ atMs, value: -value + 300 }));
  expect(leakSlope(falling, { limit: 1_000 })).toMatchObject({ verdict: "flat", hoursToLimit: undefined });
});

test("file descriptors are whole and mostly equal: constant is flat, one more every ten minutes is a leak", () => {
  const descriptors = (value: (i: number) => number): readonly ResourceSample[] =>
    Array.from({ length: 2_880 }, (_, i) => ({ atMs: i * 5_000, value: value(i) }));
  expect(leakSlope(descriptors(() => 60))).toMatchObject({ verdict: "flat", perHour: 0 });
  expect(leakSlope(descriptors(() => 0))).toMatchObject({ verdict: "flat", sharePerHour: 0 });
  expect(leakSlope(descriptors((i) => 60 + Math.floor(i / 120))).verdict).toBe("leak");
  expect(leakSlope(descriptors((i) => Math.max(0, i - 1_000))).verdict).toBe("leak");
});

test("too few samples say nothing, and those of a process that was away are left out", () => {
  const line = Array.from({ length: POINTS_MIN - 1 }, (_, i) => ({ atMs: i, value: i }));
  expect(leakSlope(line).verdict).toBe("too few");
  expect(leakSlope([]).verdict).toBe("too few");
  const away = Array.from({ length: 100 }, (_, i) => ({ atMs: i, value: i % 3 === 0 ? Number.NaN : 5 }));
  expect(leakSlope(away)).toMatchObject({ verdict: "flat", perHour: 0 });
});

test("what grows by less than its floor over the run is no leak, however sure it is", () => {
  const line = Array.from({ length: 40 }, (_, i) => ({ atMs: i * 5_000, value: 30 + i * 0.2 }));
  expect(leakSlope(line, { floor: 8 }).verdict).toBe("flat");
  expect(leakSlope(line, { floor: 4 }).verdict).toBe("leak");
});
