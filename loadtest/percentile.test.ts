import { expect, test } from "bun:test";
import { percentile, spreadOf } from "./percentile.ts";

test("percentile() is the nearest rank, and always a measured value", () => {
  const hundred = Array.from({ length: 100 }, (_, i) => i + 1);
  expect(percentile(hundred, 50)).toBe(50);
  expect(percentile(hundred, 99)).toBe(99);
  expect(percentile(hundred, 99.1)).toBe(100);
  expect(percentile([10, 20], 50)).toBe(10);
  expect(percentile([10, 20], 51)).toBe(20);
  expect(() => percentile([], 50)).toThrow("no values");
});

test("spreadOf() sorts by number, leaves its input alone, and answers nothing for nothing", () => {
  const values = [100, 9, -1];
  expect(spreadOf(values)).toEqual({ count: 3, min: -1, p50: 9, p90: 100, p99: 100, max: 100 });
  expect(values).toEqual([100, 9, -1]);
  expect(spreadOf([])).toBeUndefined();
});
