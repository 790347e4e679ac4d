import { expect, test } from "bun:test";
import { formatDuration, formatOffset, formatTime, timeTicks } from "./format-time.ts";

test("durations are said in the units that matter", () => {
  const lengths = [0, 850, 1_000, 200_000, 3_900_000, 14_400_000, 14_430_000];
  expect(lengths.map(formatDuration)).toEqual(["0 ms", "850 ms", "1 s", "3 min 20 s", "1 h 5 min", "4 h", "4 h"]);
  expect([Number.NaN, -1, Number.POSITIVE_INFINITY].map(formatDuration)).toEqual(["–", "–", "–"]);
});

test("times are in UTC, and what is no time is a dash", () => {
  expect(formatTime(Date.UTC(2026, 10, 23, 2))).toBe("2026-11-23 02:00 UTC");
  expect([Number.NaN, 1e300].map(formatTime)).toEqual(["–", "–"]);
  expect([0, 7_400, 7_500_000, -60_000].map(formatOffset)).toEqual(["0:00:00", "0:00:07", "2:05:00", "−0:01:00"]);
});

test("the ticks of a time axis are whole steps of a clock, never more than asked for", () => {
  expect(timeTicks(0, 120_000, 6)).toEqual([0, 30_000, 60_000, 90_000, 120_000]);
  expect(timeTicks(65_000, 180_000, 6)).toEqual([80_000, 100_000, 120_000, 140_000, 160_000, 180_000]);
  for (const span of [1, 10, 1e4, 1e7, 1e9, 1e13]) expect(timeTicks(0, span, 6).length).toBeLessThanOrEqual(6);
});
