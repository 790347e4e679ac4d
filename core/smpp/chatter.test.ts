import { expect, test } from "bun:test";
import { createChatter } from "./chatter.ts";
import { createManualClock } from "./testing/manual-clock.ts";

function setUp(perSecond: number) {
  const clock = createManualClock();
  let over = 0;
  const chatter = createChatter(clock, () => over++, perSecond);
  const count = (times: number): boolean => {
    for (let i = 0; i < times; i++) chatter.count();
    return chatter.isTooMuch;
  };
  return { clock, chatter, count, over: () => over };
}

test("past its number of a second it is too much until the next one, and said once", () => {
  const { clock, chatter, count, over } = setUp(10);
  expect(count(9)).toBe(false);
  clock.advance(400);
  // What was read already is counted still.
  expect(count(30)).toBe(true);
  clock.advance(599);
  expect([chatter.isTooMuch, over()]).toEqual([true, 0]);
  clock.advance(1);
  expect([chatter.isTooMuch, over(), clock.timers]).toEqual([false, 1, 0]);
  expect(count(9)).toBe(false);
  expect(count(1)).toBe(true);
});

test("a steady number below it never is, nor is any without a bound, and stop() leaves no timer", () => {
  const steady = setUp(10);
  for (let second = 0; second < 5; second++) {
    expect(steady.count(9)).toBe(false);
    steady.clock.advance(1_000);
  }
  expect(setUp(Number.POSITIVE_INFINITY).count(100_000)).toBe(false);
  steady.count(10);
  steady.chatter.stop();
  expect(steady.clock.timers).toBe(0);
});
