import { expect, test } from "bun:test";
import type { Random } from "#domain/random.ts";
import { seededStream } from "../../../proof/seeded-random.ts";
import { GATE_KINDS, type Tolerance } from "./gate-kinds.ts";
import { type Block, judgePairs, PAIRS_MAX, PAIRS_MIN, signedRankPValue } from "./paired-blocks.ts";
import { normal, SEEDS_MIN, seedsWhere } from "./testing/synthetic-runs.ts";

const CPU = GATE_KINDS.cpuSecondsPerThousand;
const RATE = GATE_KINDS.ratePerSecond;

/** ABBA; the machine gets slower all the while, by `drift` from first to last. */
function abba(random: Random, pairs: number, effect: number, { noise = 0.015, drift = 0.3 } = {}): readonly Block[] {
  return Array.from({ length: pairs * 2 }, (_, i): Block => {
    const side = i % 4 === 0 || i % 4 === 3 ? "base" : "candidate";
    const machine = 1 + (drift * i) / (pairs * 2);
    return { side, value: 1.2 * machine * (side === "candidate" ? effect : 1) * (1 + noise * normal(random)) };
  });
}

function outcomes(purpose: string, effect: number, tolerance: Tolerance, pairs = 8): number {
  return seedsWhere(
    purpose,
    (random) => judgePairs(abba(random, pairs, effect), tolerance, random).outcome === "regressed",
  ).length;
}

test("10 % is red through a machine that slows by 30 %, the same build against itself is green", () => {
  expect(outcomes("pairs planted", 1.1, CPU)).toBeGreaterThanOrEqual(SEEDS_MIN);
  expect(outcomes("pairs equal", 1, CPU)).toBeLessThanOrEqual(1);
  expect(outcomes("rate planted", 0.9, RATE)).toBeGreaterThanOrEqual(SEEDS_MIN);
  expect(outcomes("rate equal", 1, RATE)).toBeLessThanOrEqual(1);
});

test("what is better, and what is surely worse by less than the floor, is not red", () => {
  expect(outcomes("pairs better", 0.9, CPU)).toBe(0);
  expect(outcomes("rate better", 1.1, RATE)).toBe(0);
  expect(outcomes("pairs little", 1.02, CPU, 40)).toBe(0);
});

/** Blocks whose log ratios are as given. */
function blocksOf(harms: readonly number[]): readonly Block[] {
  return harms.flatMap((harm): Block[] => [
    { side: "base", value: 1 },
    { side: "candidate", value: Math.exp(harm) },
  ]);
}

test("the interval alone is not enough for red, nor are the ranks alone", () => {
  // The interval is above 1, but one of five pairs the other way has a chance of 1 in 16.
  const rare = judgePairs(blocksOf([-0.01, 0.1, 0.12, 0.13, 0.15]), CPU, seededStream(4, "rank"));
  expect(rare.low).toBeGreaterThan(1);
  expect(rare).toMatchObject({ pValue: 1 / 16, outcome: "held" });
  const wide = judgePairs(
    blocksOf([-0.1, -0.2, -0.3, -0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1]),
    CPU,
    seededStream(5, "interval"),
  );
  expect(wide.pValue).toBeLessThan(0.05);
  expect(wide.low).toBeLessThan(1);
  expect(wide.outcome).toBe("held");
});

test("one wild block turns nothing red", () => {
  const red = seedsWhere("pairs wild", (random) => {
    const blocks = abba(random, 8, 1).map((block, i) => (i === 5 ? { ...block, value: block.value * 5 } : block));
    return judgePairs(blocks, CPU, random).outcome === "regressed";
  });
  expect(red.length).toBeLessThanOrEqual(1);
});

test("the same blocks and seed give the same answer, with the interval around the estimate", () => {
  const judge = () => judgePairs(abba(seededStream(1, "a"), 8, 1.1), CPU, seededStream(1, "b"));
  const { ratio, low, high, pairs } = judge();
  expect(judge()).toEqual(judge());
  expect(pairs).toBe(8);
  expect(low).toBeLessThan(ratio);
  expect(ratio).toBeLessThan(high);
});

test("a rate that falls has its ratio and interval below 1", () => {
  const { low, ratio, high, outcome } = judgePairs(abba(seededStream(2, "a"), 8, 0.9), RATE, seededStream(2, "b"));
  expect(outcome).toBe("regressed");
  expect(0 < low && low < ratio && ratio < high && high < 1).toBe(true);
});

test("too few pairs say nothing, and too many, none, or two of one build are refused", () => {
  const random = seededStream(3, "few");
  expect(judgePairs(abba(random, PAIRS_MIN - 1, 2), CPU, random).outcome).toBe("too few");
  expect(judgePairs([], CPU, random).outcome).toBe("too few");
  expect(() => judgePairs(abba(random, PAIRS_MAX + 1, 1), CPU, random)).toThrow(RangeError);
  const twice: Block = { side: "base", value: 1 };
  expect(() => judgePairs([twice, twice], CPU, random)).toThrow("both are of one build");
  expect(() => judgePairs([{ side: "base", value: 0 }], CPU, random)).toThrow("ratio of 0");
});

test("signedRankPValue() is exact: as in the tables, with ties and without", () => {
  expect(signedRankPValue([1, 2, 3, 4, 5])).toBe(1 / 32);
  expect(signedRankPValue([-1, 2, 3, 4, 5])).toBe(2 / 32);
  // The negative ranks sum to 10 with n = 10, the critical value of the tables for one side and 5 %.
  expect(signedRankPValue([-1, -2, -3, -4, 5, 6, 7, 8, 9, 10])).toBeCloseTo(0.042, 3);
  // Four equals: the sum is the count of signs, a coin thrown four times.
  expect(signedRankPValue([1, 1, 1, -1])).toBe(5 / 16);
  expect(signedRankPValue([0, 0])).toBe(1);
});
