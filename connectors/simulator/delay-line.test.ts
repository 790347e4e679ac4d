import { expect, test } from "bun:test";
import { createManualClock } from "#core/smpp/testing/manual-clock.ts";
import { createDelayLine } from "./delay-line.ts";

test("runs in order, each delay at its own time, with one timer a delay", () => {
  const clock = createManualClock();
  const line = createDelayLine(clock);
  const seen: string[] = [];
  line.after(100, () => seen.push("slow"));
  line.after(10, () => seen.push("first"));
  line.after(10, () => seen.push("second"));
  expect(clock.timers).toBe(2);
  clock.advance(5);
  line.after(10, () => seen.push("third"));
  clock.advance(5);
  expect(seen).toEqual(["first", "second"]);
  clock.advance(5);
  expect(seen).toEqual(["first", "second", "third"]);
  clock.advance(100);
  expect(seen).toEqual(["first", "second", "third", "slow"]);
  expect(clock.timers).toBe(0);
});

test("never runs in the same turn, takes more while it runs, and forgets on clear()", () => {
  const clock = createManualClock();
  const line = createDelayLine(clock);
  const seen: string[] = [];
  line.after(0, () => {
    seen.push("now");
    line.after(0, () => seen.push("again"));
  });
  expect(seen).toEqual([]);
  clock.advance(0);
  expect(seen).toEqual(["now", "again"]);
  line.after(5, () => seen.push("never"));
  line.clear();
  clock.advance(10);
  expect(seen).toEqual(["now", "again"]);
});
