// Simulated time: order, promises, bounds, and what a pause and a death do to deliveries.

import { expect, test } from "bun:test";
import { seededStream } from "../seeded-random.ts";
import { inMacrotask } from "./run-seeds.ts";
import { SimProcess } from "./sim-process.ts";
import { SimTime } from "./sim-time.ts";

const setup = () => {
  const time = new SimTime(seededStream(1, "ties"));
  const process = new SimProcess({ name: "one", time, random: seededStream(1, "one") });
  const told: string[] = [];
  const { clock } = process;
  const tell = (ms: number): void => void clock.sleep(ms).then(() => told.push(`${ms}`));
  const run = (endMs: number): Promise<unknown> => inMacrotask(() => time.runUntil(() => false, endMs));
  return { time, process, clock, told, tell, run };
};

test("timers run in the order of their times, and what they resolve runs before the next", async () => {
  const { told, tell, run, clock } = setup();
  tell(20);
  tell(10);
  void clock.sleep(15).then(() => tell(1));
  await run(100);
  expect(told).toEqual(["10", "1", "20"]);
});

test("a run ends at its bound, and goes on from there", async () => {
  const { time, told, tell, run } = setup();
  tell(50);
  await run(49);
  expect([told, time.now]).toEqual([[], 0]);
  await run(50);
  expect([told, time.now]).toEqual([["50"], 50]);
});

test("what comes to a paused process waits; to a dead one it never comes", async () => {
  const { process, time, told, tell, run } = setup();
  tell(10);
  process.pause();
  time.after(30, () => process.resume());
  time.after(20, () => told.push("paused"));
  await run(40);
  expect(told).toEqual(["paused", "10"]);
  tell(10);
  process.kill();
  await run(100);
  expect(told).toEqual(["paused", "10"]);
});

test("a process dies in place of the delivery that it was told", async () => {
  const { process, told, tell, run } = setup();
  for (const ms of [1, 2, 3]) tell(ms);
  process.killAfter(2);
  await run(10);
  expect([told, process.state]).toEqual([["1"], "dead"]);
});

test("an aborted sleep ends at once, and its timer does nothing", async () => {
  const { clock, told, run, time } = setup();
  const stop = new AbortController();
  void clock.sleep(50, stop.signal).then(() => told.push(`at ${time.now}`));
  time.after(5, () => stop.abort());
  await run(100);
  expect(told).toEqual(["at 5"]);
});

test("a jump moves the wall clock and not the monotonic one", () => {
  const { clock, process } = setup();
  const before = clock.now();
  process.jumpClock(-5_000);
  expect([clock.now() - before, clock.monotonic()]).toEqual([-5_000, 0]);
});
