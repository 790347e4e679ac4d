import { expect, test } from "bun:test";
import { createManualClock } from "#core/smpp/testing/manual-clock.ts";
import { seededStream } from "#domain/seeded-random.ts";
import { DelayLine } from "./delay-line.ts";

test("runs in order, each delay at its own time, with one timer for all", () => {
  const clock = createManualClock();
  const line = new DelayLine(clock);
  const seen: string[] = [];
  line.after(100, () => seen.push("slow"));
  line.after(10, () => seen.push("first"));
  line.after(10, () => seen.push("second"));
  expect(clock.timers).toBe(1);
  clock.advance(5);
  line.after(10, () => seen.push("third"));
  clock.advance(5);
  expect(seen).toEqual(["first", "second"]);
  clock.advance(5);
  expect(seen).toEqual(["first", "second", "third"]);
  clock.advance(100);
  expect(seen).toEqual(["first", "second", "third", "slow"]);
  expect(clock.timers).toBe(0);
  expect(line.waiting).toBe(0);
});

test("delays of every length come at their time and in their order, also past many turns of the wheel", () => {
  const clock = createManualClock();
  const line = new DelayLine(clock);
  const random = seededStream(3, "delays");
  const seen: { at: number; due: number }[] = [];
  for (let i = 0; i < 3_000; i++) {
    const due = Math.ceil(random.fraction() * 60_000) + 1;
    line.after(due, () => seen.push({ at: clock.monotonic(), due }));
  }
  for (let i = 0; i < 700; i++) clock.advance(100);
  expect(seen).toHaveLength(3_000);
  expect(seen.every(({ at, due }) => at === due)).toBe(true);
  expect(line.waiting).toBe(0);
});

test("after a stall of more than a turn everything still comes in order", () => {
  const clock = createManualClock();
  let stalled = 0;
  const line = new DelayLine({ ...clock, monotonic: () => clock.monotonic() + stalled });
  const seen: number[] = [];
  for (const due of [9_000, 5_000, 4_097, 1, 4_096]) line.after(due, () => seen.push(due));
  stalled = 20_000;
  clock.advance(1);
  expect(seen).toEqual([1, 4_096, 4_097, 5_000, 9_000]);
});

test("never runs in the same turn, takes more while it runs, and forgets on clear()", () => {
  const clock = createManualClock();
  const line = new DelayLine(clock);
  const seen: string[] = [];
  line.after(0, () => {
    seen.push("now");
    line.after(0, () => seen.push("again"));
  });
  expect(seen).toEqual([]);
  clock.advance(0);
  expect(seen).toEqual(["now", "again"]);
  line.after(5, () => seen.push("never"));
  line.after(0, () => seen.push("nor this"));
  line.clear();
  clock.advance(10);
  expect(seen).toEqual(["now", "again"]);
  expect(line.waiting).toBe(0);
});

test("past its bound nothing waits any longer: it comes early, and is counted", () => {
  const clock = createManualClock();
  const line = new DelayLine(clock);
  const nothing = (): void => undefined;
  for (let i = 0; i < 1_000_000; i++) line.after(1_000 + (i % 1_000), nothing);
  let ran = false;
  line.after(1_000, () => {
    ran = true;
  });
  expect([line.waiting, line.hurried]).toEqual([1_000_000, 1]);
  clock.advance(0);
  expect(ran).toBe(true);
});
