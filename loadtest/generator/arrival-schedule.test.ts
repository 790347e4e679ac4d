import { expect, test } from "bun:test";
import { createArrivalSchedule } from "./arrival-schedule.ts";

test("spaces the requests evenly, the first at the start", () => {
  const schedule = createArrivalSchedule({ perSecond: 1_000, seconds: 2 });
  expect(schedule.total).toBe(2_000);
  expect([0, 1, 1_999].map(schedule.dueMs)).toEqual([0, 1, 1_999]);
  expect([-1, 0, 0.9, 1, 10.5, 1e9].map(schedule.dueCount)).toEqual([0, 1, 1, 2, 11, 2_000]);
});

test("dueCount() and dueMs() agree at every moment of an odd rate", () => {
  const schedule = createArrivalSchedule({ perSecond: 733.3, seconds: 3 });
  for (let i = 0; i < schedule.total; i++) {
    expect(schedule.dueCount(schedule.dueMs(i))).toBe(i + 1);
    expect(schedule.dueCount(schedule.dueMs(i) - 0.001)).toBe(i);
  }
});

test("refuses a rate that never comes", () => {
  expect(() => createArrivalSchedule({ perSecond: 0, seconds: 1 })).toThrow("current value is 0");
});
