import { describe, expect, test } from "bun:test";
import { type ArrivalRate, dueMs, dueReference, iterationsMax, parseDueReference } from "./due-time.ts";

const bulk = { unitSeconds: 100, durationMs: 20_000 };

test("a constant rate is due in even steps, the first at once, of whole nanoseconds", () => {
  expect([0, 1, 250].map((n) => dueMs({ perUnit: 25, unitSeconds: 1, durationMs: 10_000 }, n))).toEqual([
    0, 40, 10_000,
  ]);
  // A third of a second: k6's tick is 333,333,333 ns.
  expect(dueMs({ perUnit: 3, unitSeconds: 1, durationMs: 10_000 }, 30)).toBe(9_999.99999);
  expect(dueMs({ ...bulk, perUnit: 84 }, 1)).toBeCloseTo(1_190.476, 3);
});

describe("a slope", () => {
  const slopes: readonly ArrivalRate[] = [
    { ...bulk, fromPerUnit: 180, perUnit: 1_980 },
    { ...bulk, fromPerUnit: 0, perUnit: 500 },
    { ...bulk, fromPerUnit: 900, perUnit: 90 },
    { ...bulk, fromPerUnit: 300, perUnit: 301 },
    { ...bulk, fromPerUnit: 0, perUnit: 84, durationMs: 600_000 },
  ];

  /** How many are due until then, by adding up the rate in small steps: no formula that could have the same mistake. */
  function countUntil({ perUnit, fromPerUnit = 0, unitSeconds, durationMs }: ArrivalRate, untilMs: number): number {
    const steps = 100_000;
    let count = 0;
    for (let i = 0; i < steps; i++) {
      const at = ((i + 0.5) / steps) * untilMs;
      const perMs = (fromPerUnit + ((perUnit - fromPerUnit) * at) / durationMs) / (unitSeconds * 1_000);
      count += (perMs * untilMs) / steps;
    }
    return count;
  }

  for (const slope of slopes) {
    test(`from ${slope.fromPerUnit} to ${slope.perUnit} has begun n + 1 when n is due`, () => {
      const whole = Math.floor(countUntil(slope, slope.durationMs));
      expect(whole).toBeGreaterThan(2);
      for (const n of [0, 1, Math.floor(whole / 2), whole - 1]) {
        const due = dueMs(slope, n);
        expect(due).toBeGreaterThan(0);
        expect(due).toBeLessThanOrEqual(slope.durationMs);
        expect(countUntil(slope, due)).toBeCloseTo(n + 1, 4);
      }
    });
  }

  test("that is none is the constant rate, one tick later", () => {
    const flat = { perUnit: 50, unitSeconds: 1, durationMs: 10_000 };
    expect(dueMs({ ...flat, fromPerUnit: 50 }, 7)).toBeCloseTo(dueMs(flat, 8), 9);
  });
});

test("iterationsMax() is no less than there are, and hardly more", () => {
  expect(iterationsMax({ perUnit: 25, unitSeconds: 1, durationMs: 10_000 })).toBe(251);
  const slope = { ...bulk, fromPerUnit: 180, perUnit: 1_980 };
  const last = iterationsMax(slope) - 2;
  expect(dueMs(slope, last)).toBeLessThanOrEqual(slope.durationMs);
  expect(dueMs(slope, last + 1)).toBeGreaterThan(slope.durationMs);
});

test("a reference holds its time, and no other reference does", () => {
  expect(parseDueReference(dueReference(1_795_424_190_467.4))).toBe(1_795_424_190_467);
  for (const other of [undefined, "", "due-", "due-x", "order-7", "due--1", "due-1.5"]) {
    expect(parseDueReference(other)).toBeUndefined();
  }
});
