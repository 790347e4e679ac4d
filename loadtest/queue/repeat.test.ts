import { expect, test } from "bun:test";
import type { Rate } from "./measure-rate.ts";
import { median, medianPerSecond, medianRatio } from "./repeat.ts";

const rate = (perSecond: number): Rate => ({
  perSecond,
  messages: perSecond,
  seconds: 1,
  mongodUs: 1,
  clientUs: 1,
  alsoPerSecond: 0,
});

test("median() of an even number is the mean of the middle two", () => {
  expect([median([3, 1, 2]), median([4, 1, 3, 2])]).toEqual([2, 2.5]);
});

test("medianRatio() compares within a repetition: a slow moment of the machine cancels out", () => {
  const theirs = [100, 10, 100].map(rate);
  const ours = [400, 40, 500].map(rate);
  expect([medianRatio(ours, theirs), medianPerSecond(ours)]).toEqual([4, 400]);
});
