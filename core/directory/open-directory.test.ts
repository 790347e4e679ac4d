import { describe, expect, test } from "bun:test";
import { createMemorySet } from "#core/store/memory/memory-set.ts";
import { createMemoryStore } from "#core/store/memory/memory-store.ts";
import { type Store, StoreError } from "#core/store/store.ts";
import type { Clock } from "#domain/clock.ts";
import type { SetId } from "#domain/ids.ts";
import type { Logger } from "#domain/log.ts";
import { systemRandom } from "#domain/random.ts";
import { openDirectory } from "./open-directory.ts";
import { setParts } from "./set-parts.ts";
import type { SetState } from "./set-states.ts";
import { putDirectory } from "./testing/put-directory.ts";

const [syd, fra, sin] = ["syd1", "fra1", "sin1"] as [SetId, SetId, SetId];
const business = { accounts: [], routes: [], numbers: [] };
const named = (states: Readonly<Record<string, SetState>>) => ({
  ...business,
  sets: Object.entries(states).map(([set, state]) => ({ set, region: set.slice(0, 3), state })),
});

/** Time that stands still until the test moves it; timers run in order. */
function createTestClock(): Clock & { advance(ms: number): Promise<void> } {
  let now = 0;
  let timers: { readonly at: number; readonly run: () => void }[] = [];
  const after = (ms: number, run: () => void) => {
    const timer = { at: now + ms, run };
    timers.push(timer);
    const cancel = () => {
      timers = timers.filter((other) => other !== timer);
    };
    return { cancel };
  };
  async function settle(): Promise<void> {
    for (let i = 0; i < 20; i++) await Promise.resolve();
  }
  return {
    now: () => now,
    monotonic: () => now,
    sleep: (ms) => new Promise((resolve) => after(ms, resolve)),
    after,
    async advance(ms) {
      await settle();
      for (const end = now + ms; ; ) {
        const next = timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
        now = next?.at ?? end;
        if (next === undefined) return settle();
        timers = timers.filter((timer) => timer !== next);
        next.run();
        await settle();
      }
    },
  };
}

function setup() {
  const clock = createTestClock();
  const away = new Set<SetId>();
  const said: string[] = [];
  const note: Logger["info"] = (name, fields) => said.push(`${name} ${"set" in fields ? fields.set : ""}`);
  const log: Logger = { info: note, error: note };
  const unlessAway = <T>(set: SetId, run: () => Promise<T>): Promise<T> =>
    away.has(set) ? Promise.reject(new StoreError("store_unreachable", "planted", { retryable: true })) : run();
  const stores = [syd, fra].map((set): Store => {
    const region = set.slice(0, 3);
    const store = createMemoryStore({ set, region, clock, random: systemRandom, data: createMemorySet() });
    const { directory } = store;
    const standing = store.standing.bind(store);
    return Object.assign(store, {
      ping: () => unlessAway(set, async () => undefined),
      standing: () => unlessAway(set, standing),
      directory: { ...directory, head: () => unlessAway(set, directory.head) },
    });
  });
  return { clock, away, said, stores, live: openDirectory({ stores, clock, log }) };
}

describe("stateOf()", () => {
  test("is what the directory says, a second after it was written to any set", async () => {
    const { clock, live, stores } = setup();
    await clock.advance(10);
    expect([live.stateOf(syd), live.stateOf(fra)]).toEqual(["up", "up"]);
    await putDirectory(stores.slice(1), named({ syd1: "drain", fra1: "up" }));
    await clock.advance(1_000);
    expect([live.stateOf(syd), live.stateOf(fra)]).toEqual(["drain", "up"]);
  });

  test("is readonly for a set that stands as restored, whatever the directory says, until it does not", async () => {
    const { clock, live, said, stores } = setup();
    await putDirectory(stores, named({ syd1: "up", fra1: "up" }));
    await stores[0]?.declareStanding("restored");
    await clock.advance(1_000);
    expect([live.stateOf(syd), live.stateOf(fra)]).toEqual(["readonly", "up"]);
    await stores[0]?.declareStanding("in_service");
    await clock.advance(1_000);
    expect(live.stateOf(syd)).toBe("up");
    expect(said.filter((line) => line.endsWith("syd1"))).toContain("set.restored syd1");
  });

  test("is readonly for a set that has not said how it stands: it may come back as a copy of its past", async () => {
    const { clock, live, away } = setup();
    expect(live.stateOf(syd)).toBe("readonly");
    await clock.advance(100);
    away.add(syd);
    await clock.advance(3_000);
    expect(live.stateOf(syd)).toBe("up");
    await clock.advance(4_000);
    expect([live.stateOf(syd), live.stateOf(fra)]).toEqual(["readonly", "up"]);
    away.delete(syd);
    await clock.advance(250);
    expect(live.stateOf(syd)).toBe("up");
  });

  test("a retired set stays retired though it answers no more, and is asked no more", async () => {
    const { away, clock, live, stores } = setup();
    await putDirectory(stores, named({ syd1: "retired", fra1: "up" }));
    await clock.advance(1_000);
    away.add(syd);
    await clock.advance(20_000);
    expect(live.stateOf(syd)).toBe("retired");
    expect(await setParts({ bySet: new Map(stores.map((store) => [store.set, store])) }, live)).toEqual({
      "set fra1": true,
    });
  });
});

test("a set without an address here is said once, and shown by readiness until it is retired", async () => {
  const { clock, live, said, stores } = setup();
  const bySet = new Map(stores.map((store) => [store.set, store]));
  await putDirectory(stores, named({ syd1: "up", fra1: "up", sin1: "readonly" }));
  await clock.advance(1_000);
  await putDirectory(stores, named({ syd1: "up", fra1: "up", sin1: "up" }));
  await clock.advance(5_000);
  expect(said.filter((line) => line.startsWith("set.no_address"))).toEqual(["set.no_address sin1"]);
  expect(live.unknownSets()).toEqual([sin]);
  expect(await setParts({ bySet }, live)).toEqual({ "set syd1": true, "set fra1": true, "set sin1": false });
  await putDirectory(stores, named({ syd1: "up", fra1: "up", sin1: "retired" }));
  await clock.advance(1_000);
  expect(await setParts({ bySet }, live)).toEqual({ "set syd1": true, "set fra1": true });
});
