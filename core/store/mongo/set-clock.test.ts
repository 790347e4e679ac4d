import { expect, test } from "bun:test";
import type { Clock } from "#domain/clock.ts";
import { createSetClock } from "./set-clock.ts";

const START = 1_800_000_000_000;

function setup() {
  let [wall, up] = [START, 0];
  const sleeps: { readonly ms: number; readonly end: () => void }[] = [];
  const clock: Clock = {
    now: () => wall,
    monotonic: () => up,
    sleep: (ms) => new Promise((resolve) => sleeps.push({ ms, end: resolve })),
    after: () => ({ cancel: () => undefined }),
  };
  const setClock = createSetClock(clock);
  return {
    setClock,
    sleeps,
    offset: () => setClock.now() - wall,
    pass: (ms: number) => {
      wall += ms;
      up += ms;
    },
    /** Somebody sets our clock. */
    step: (ms: number) => {
      wall += ms;
    },
    /** The set is `ahead` of us; its answer spends `there` on the way to it and `back` on the way back. */
    ask: (ahead: number, there: number, back: number) => {
      const localTime = wall + there + ahead;
      wall += there + back;
      up += there + back;
      setClock.learn(localTime, there + back);
    },
  };
}

test("the set's clock is ours until it answers, and then what the answer says", () => {
  const bench = setup();
  expect(bench.offset()).toBe(0);
  bench.ask(-60_000, 1, 1);
  expect(bench.offset()).toBe(-60_000);
});

test("one slow answer among fast ones skews nothing", () => {
  const bench = setup();
  bench.ask(500, 1, 1);
  bench.pass(5_000);
  bench.ask(500, 0, 4_000);
  expect(bench.offset()).toBe(500);
});

test("a slow first answer is better than none, and the first fast one corrects it", () => {
  const bench = setup();
  bench.ask(500, 0, 4_000);
  expect(bench.offset()).toBe(-1_500);
  bench.pass(5_000);
  bench.ask(500, 1, 1);
  expect(bench.offset()).toBe(500);
});

test("the fastest of the recent answers is believed, and after a minute a newer one", () => {
  const bench = setup();
  bench.ask(500, 1, 1);
  bench.pass(5_000);
  bench.ask(500, 0, 40);
  expect(bench.offset()).toBe(500);
  bench.pass(61_000);
  bench.ask(510, 0, 20);
  expect(bench.offset()).toBe(500);
  bench.ask(510, 5, 5);
  expect(bench.offset()).toBe(510);
});

test("a set's clock that was set is noticed with the next answer, however good the older ones were", () => {
  const bench = setup();
  bench.ask(500, 1, 1);
  bench.ask(30_500, 10, 10);
  expect(bench.offset()).toBe(30_500);
});

test("our own clock may be set: the set's is not taken for another, not even until the next answer", () => {
  const bench = setup();
  bench.ask(500, 1, 1);
  bench.step(-30_000);
  expect(bench.offset()).toBe(30_500);
  bench.ask(30_500, 10, 10);
  expect(bench.offset()).toBe(30_500);
});

test("ready() waits for the first answer, or for a second, and never after it", async () => {
  const bench = setup();
  const early = bench.setClock.ready();
  expect(bench.sleeps.map(({ ms }) => ms)).toEqual([1_000]);
  bench.sleeps[0]?.end();
  await early;
  const answered = bench.setClock.ready();
  bench.ask(500, 1, 1);
  await answered;
  await bench.setClock.ready();
  expect(bench.sleeps.length).toBe(2);
});
