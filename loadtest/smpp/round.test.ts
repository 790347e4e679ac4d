import { expect, test } from "bun:test";
import { failuresOf, middleRate } from "./round.ts";

const steps = Array.from({ length: 10 }, (_, i) => ({ at: 1_000 + i * 100, messages: [`${2 * i}`, `${2 * i + 1}`] }));
const ids = new Set(Array.from({ length: 20 }, (_, i) => `${i}`));

test("middleRate() leaves the first and the last tenth out, whatever they took", () => {
  expect(middleRate(steps, 20)).toBe(20);
  const slowEnds = steps.map((step, i) =>
    i === 0 ? { ...step, at: -50_000 } : i === 9 ? { ...step, at: 90_000 } : step,
  );
  expect(middleRate(slowEnds, 20)).toBeLessThan(20);
  expect(middleRate(slowEnds.toReversed().slice(0, 1), 20)).toBeNaN();
});

test("failuresOf() names what was lost, doubled or submitted once too often", () => {
  expect(failuresOf(steps, ids, 20)).toEqual([]);
  expect(failuresOf(steps.slice(1), ids, 20)).toEqual(["2 of 20 messages have no submitted event"]);
  expect(failuresOf([...steps, { at: 1, messages: ["3"] }], ids, 21)).toEqual([
    "1 submitted events are doubles",
    "the simulator saw 21 submits of 20 messages",
  ]);
});
