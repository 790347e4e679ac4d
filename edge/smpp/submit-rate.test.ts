import { expect, test } from "bun:test";
import { createSubmitRate } from "./submit-rate.ts";

function setUp() {
  let now = 0;
  const rate = createSubmitRate({ monotonic: () => now });
  const takeAll = (count: number) => Array.from({ length: count }, () => rate.take(1, 10)).filter(Boolean).length;
  return { rate, takeAll, advance: (ms: number) => (now += ms) };
}

test("a second's worth may come at once, then the rate, and nothing is saved up", () => {
  const { takeAll, advance } = setUp();
  expect(takeAll(20)).toBe(10);
  advance(500);
  expect(takeAll(20)).toBe(5);
  advance(60_000);
  expect(takeAll(20)).toBe(10);
});

test("many at once count as many, and more than a second's worth is paid for afterwards", () => {
  const { rate, advance } = setUp();
  expect(rate.take(30, 10)).toBe(true);
  advance(2_000);
  expect(rate.take(1, 10)).toBe(false);
  advance(1_000);
  expect(rate.take(10, 10)).toBe(true);
});

test("a rate that is lowered counts at once", () => {
  const { rate } = setUp();
  expect(rate.take(1, 100)).toBe(true);
  expect([rate.take(1, 2), rate.take(1, 2), rate.take(1, 2)]).toEqual([true, true, false]);
});
