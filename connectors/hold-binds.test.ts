/** Two processes and the binds that they share, on a home in memory and a clock that the test moves. */
import { expect, test } from "bun:test";
import { createManualClock } from "#core/smpp/testing/manual-clock.ts";
import { createMemoryStore } from "#core/store/memory/memory-store.ts";
import type { Registers } from "#core/store/registers.ts";
import { StoreError } from "#core/store/store.ts";
import type { SetId } from "#domain/ids.ts";
import type { Logger } from "#domain/log.ts";
import { systemRandom } from "#domain/random.ts";
import { holdBinds } from "./hold-binds.ts";

const COUNT = 4;
const PROMISED_MS = 15_000;
const STEP_MS = 250;

function setup() {
  const clock = createManualClock();
  const home = { set: "syd1", isAway: false };
  const said: string[] = [];
  const log: Logger = {
    info: () => undefined,
    error: (name, fields) => void said.push(`${name} ${JSON.stringify(fields)}`),
  };
  const open = (set: string) =>
    createMemoryStore({ set: set as SetId, region: "syd", clock, random: systemRandom }).registers;
  const registersOf: Readonly<Record<string, Registers>> = { syd1: open("syd1"), fra1: open("fra1") };

  function start(instance: string, session = "1", unbindMs = 0) {
    const process = { isCutOff: false, failures: 0, slots: [] as readonly number[] };
    const reach = <T>(run: () => Promise<T>): Promise<T> =>
      process.isCutOff || home.isAway
        ? Promise.reject(new StoreError("store_unreachable", "Cannot reach syd1", { retryable: true }))
        : run();
    const at = (): Registers => registersOf[home.set] ?? fail();
    const registers: Registers = {
      read: (name) => reach(() => at().read(name)),
      replace: (...args) => reach(() => at().replace(...args)),
    };
    const stop = new AbortController();
    const user = {
      provider: "acme",
      count: COUNT,
      async use(slots: readonly number[]) {
        if (process.failures-- > 0) throw new Error("planted");
        const leaves = process.slots.some((slot) => !slots.includes(slot));
        if (leaves && unbindMs > 0) await clock.sleep(unbindMs);
        process.slots = slots;
      },
    };
    const deps = { home: () => ({ set: home.set, registers }), instance, session, clock, log };
    const held = holdBinds(deps, () => [user], stop.signal);
    return Object.assign(process, {
      isStandby: () => held.isStandby("acme"),
      async stop() {
        stop.abort();
        await advance(3_000);
        await held.ended;
      },
    });
  }

  async function advance(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += STEP_MS) {
      clock.advance(STEP_MS);
      for (let i = 0; i < 30; i++) await Promise.resolve();
    }
  }

  return { home, start, advance, said };
}

function fail(): never {
  throw new Error("No such home");
}

test("one has all, two have half each, and the one that is left has all again", async () => {
  const { start, advance } = setup();
  const first = start("a");
  await advance(STEP_MS);
  expect(first.slots).toHaveLength(COUNT);
  const second = start("b");
  await advance(STEP_MS);
  expect([first.isStandby(), second.isStandby()]).toEqual([false, true]);
  await advance(6_000);
  expect([first.slots.length, second.slots.length]).toEqual([2, 2]);
  expect(new Set([...first.slots, ...second.slots]).size).toBe(COUNT);
  await first.stop();
  await advance(2_000);
  expect(second.slots).toHaveLength(COUNT);
});

test("a killed process's binds are another's within 15 s, a late one finds that it has lost them", async () => {
  const { start, advance } = setup();
  const first = start("a");
  const second = start("b");
  await advance(6_000);
  first.isCutOff = true;
  await advance(PROMISED_MS);
  expect(second.slots).toHaveLength(COUNT);
  first.isCutOff = false;
  await advance(STEP_MS * 8);
  expect(first.slots.filter((slot) => second.slots.includes(slot))).toEqual([]);
  await advance(6_000);
  expect([first.slots.length, second.slots.length]).toEqual([2, 2]);
});

test("while the home is away holders keep theirs, and nobody takes any when it is back", async () => {
  const { home, start, advance } = setup();
  const first = start("a");
  const second = start("b");
  await advance(6_000);
  const before = [first.slots, second.slots];
  home.isAway = true;
  const third = start("c");
  await advance(50_000);
  expect([first.slots, second.slots, third.slots]).toEqual([...before, []]);
  expect(third.isStandby()).toBe(false);
  home.isAway = false;
  await advance(STEP_MS * 8);
  expect([first.slots, second.slots].flat().length + third.slots.length).toBeLessThanOrEqual(COUNT);
  await advance(8_000);
  const all = [first.slots, second.slots, third.slots];
  expect(new Set(all.flat()).size).toBe(COUNT);
  expect(all.map((slots) => slots.length)).toEqual([2, 1, 1]);
});

test("started while the home is away, it binds after a minute, and no more than its part in the end", async () => {
  const { home, start, advance } = setup();
  const first = start("a");
  await advance(STEP_MS);
  home.isAway = true;
  const second = start("b");
  await advance(58_000);
  expect(second.slots).toEqual([]);
  await advance(4_000);
  expect(second.slots).toHaveLength(COUNT);
  home.isAway = false;
  await advance(10_000);
  expect([first.slots.length, second.slots.length]).toEqual([2, 2]);
  expect(new Set([...first.slots, ...second.slots]).size).toBe(COUNT);
});

test("the same instance, started again, has its binds back at once", async () => {
  const { start, advance } = setup();
  const first = start("a");
  await advance(STEP_MS);
  first.isCutOff = true;
  const again = start("a", "2");
  await advance(STEP_MS);
  expect(again.slots).toHaveLength(COUNT);
});

test("a bind that takes long to leave is nobody else's before it has", async () => {
  const { start, advance } = setup();
  const first = start("a", "1", 20_000);
  await advance(STEP_MS);
  const second = start("b");
  await advance(15_000);
  expect([first.slots.length, second.slots.length]).toEqual([COUNT, 0]);
  await advance(12_000);
  expect([first.slots.length, second.slots.length]).toEqual([2, 2]);
});

test("at a new home those who hold come first", async () => {
  const { home, start, advance } = setup();
  const first = start("a");
  await advance(STEP_MS);
  const second = start("b");
  await advance(6_000);
  const before = [first.slots, second.slots];
  home.set = "fra1";
  await advance(10_000);
  expect([first.slots, second.slots]).toEqual(before);
});

test("binds that cannot be opened are tried again; those that cannot be left are nobody else's", async () => {
  const { start, advance, said } = setup();
  const first = start("a");
  first.failures = 3;
  await advance(5_000);
  expect(first.slots).toEqual([]);
  await advance(4_000);
  expect(first.slots).toHaveLength(COUNT);
  first.failures = 1;
  const second = start("b");
  await advance(20_000);
  expect([first.slots.length, second.slots.length]).toEqual([2, 0]);
  expect(said).toEqual(Array.from({ length: 2 }, () => 'defect {"where":"binds of acme","error":"Error: planted"}'));
});
