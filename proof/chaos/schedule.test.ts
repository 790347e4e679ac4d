import { expect, test } from "bun:test";
import { type Round, scheduleRounds } from "./schedule.ts";

function first(count: number, seed: number, faults: readonly string[]): readonly Round[] {
  const rounds = scheduleRounds(seed, faults);
  return Array.from({ length: count }, () => rounds.next().value).filter((round) => round !== undefined);
}

test("the same seed gives the same rounds, another one others", () => {
  const faults = ["a", "b", "c", "d"];
  expect(first(40, 7, faults)).toEqual(first(40, 7, faults));
  expect(first(40, 7, faults)).not.toEqual(first(40, 8, faults));
});

test("every fault comes once before any comes again", () => {
  const rounds = first(9, 3, ["a", "b", "c"]);
  for (const start of [0, 3, 6]) {
    const bag = rounds.slice(start, start + 3).map(({ fault }) => fault);
    expect(bag.sort()).toEqual(["a", "b", "c"]);
  }
  expect(rounds.map(({ round }) => round)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
});

test("no faults are no schedule", () => {
  expect(() => first(1, 1, [])).toThrow("no faults");
});
