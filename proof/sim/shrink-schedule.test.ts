// The shrinker leaves what is needed, whatever the order in which the rest can go.

import { expect, test } from "bun:test";
import type { Fault } from "./nemesis/fault-table.ts";
import { shrinkSchedule } from "./shrink-schedule.ts";

const jump = (at: number): Fault => ({ at, kind: "jump", process: "edge-1", byMs: 1 });
const schedule = [1, 2, 3, 4, 5].map(jump);

test("only what is needed for the failure is left", () => {
  const needs = (wanted: readonly number[]) => (some: readonly Fault[]) =>
    wanted.every((at) => some.some((fault) => fault.at === at));
  expect(shrinkSchedule(schedule, needs([2, 4])).map(({ at }) => at)).toEqual([2, 4]);
  expect(shrinkSchedule(schedule, needs([]))).toEqual([]);
});

test("a fault that can go only after another has gone, goes", () => {
  const fails = (some: readonly Fault[]): boolean => {
    const has = (at: number): boolean => some.some((fault) => fault.at === at);
    return has(5) && (has(1) || !has(4));
  };
  expect(shrinkSchedule(schedule, fails).map(({ at }) => at)).toEqual([5]);
});
