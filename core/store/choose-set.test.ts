import { describe, expect, test } from "bun:test";
import type { SetState } from "#core/directory/set-states.ts";
import type { Clock } from "#domain/clock.ts";
import type { SetId } from "#domain/ids.ts";
import type { Random } from "#domain/random.ts";
import { createSetChooser } from "./choose-set.ts";
import {
  type BreakerState,
  COMMIT_SLOW_MS,
  OPEN_MS_MAX,
  OPEN_MS_MIN,
  PROBE_GAP_MS,
  PROBE_MS_MAX,
  REFUSALS_MAX,
} from "./choose-set-breaker.ts";
import { createMemoryStore } from "./memory/memory-store.ts";
import { type CommitResult, type Store, StoreError } from "./store.ts";

/** Time that stands still until the test moves it; timers run in order. */
function createTestClock(): Clock & { advance(ms: number): Promise<void> } {
  let now = 0;
  let timers: { at: number; run: () => void }[] = [];
  const after = (ms: number, run: () => void) => {
    const timer = { at: now + ms, run };
    timers.push(timer);
    return {
      cancel: () => {
        timers = timers.filter((other) => other !== timer);
      },
    };
  };
  return {
    now: () => now,
    monotonic: () => now,
    sleep: (ms) => new Promise((resolve) => after(ms, resolve)),
    after,
    async advance(ms) {
      const end = now + ms;
      for (;;) {
        const next = timers.filter((timer) => timer.at <= end).sort((a, b) => a.at - b.at)[0];
        if (next === undefined) break;
        now = next.at;
        timers = timers.filter((timer) => timer !== next);
        next.run();
        await settle();
      }
      now = end;
      await settle();
    },
  };
}

async function settle(): Promise<void> {
  for (let i = 0; i < 10; i++) await Promise.resolve();
}

/** 0, ¼, ½, ¾, 0, …: every choice among up to four gets its turn. */
function createTestRandom(): Random {
  let turn = 0;
  return { bytes: (count) => new Uint8Array(count).map(() => turn++ % 256), fraction: () => (turn++ % 4) / 4 };
}

const REGIONS = { syd1: "syd", syd2: "syd", akl1: "akl" } as const;
type Name = keyof typeof REGIONS;

function createSetUp(names: readonly Name[]) {
  const clock = createTestClock();
  const random = createTestRandom();
  const changes: string[] = [];
  const pings: string[] = [];
  const commits = new Map<string, () => Promise<CommitResult>>();
  const pingAnswers = new Map<string, () => Promise<void>>();
  const stores = names.map((name): Store => {
    const store = createMemoryStore({ set: name as string as SetId, region: REGIONS[name], clock, random });
    return {
      ...store,
      commit: (step) => commits.get(name)?.() ?? store.commit(step),
      ping: () => {
        pings.push(name);
        return pingAnswers.get(name)?.() ?? store.ping();
      },
    };
  });
  const states = new Map<string, SetState>();
  const chooser = createSetChooser({
    stores,
    region: "syd",
    clock,
    random,
    stateOf: (set) => states.get(set) ?? "up",
    onChange: (set, state, code) => changes.push(`${set} ${state} ${code}`),
  });
  const storeOf = (name: Name): Store => {
    const store = stores.find((candidate) => candidate.set === (name as string));
    if (store === undefined) throw new Error(`no ${name}`);
    return store;
  };
  return {
    clock,
    chooser,
    changes,
    pings,
    is: (name: Name, state: SetState) => states.set(name, state),
    answers: (name: Name, commit: () => Promise<CommitResult>) => commits.set(name, commit),
    recovers: (name: Name) => commits.delete(name),
    pingAnswers: (name: Name, ping: () => Promise<void>) => pingAnswers.set(name, ping),
    commit: (name: Name) => chooser.commit(storeOf(name), {}),
    state: (name: Name): BreakerState | undefined =>
      chooser.health().find((health) => health.set === (name as string))?.state,
    /** The sets of 40 choices, each once. */
    chosen: () => {
      const sets = new Set<string>();
      for (let i = 0; i < 40; i++) {
        const choice = chooser.choose();
        sets.add(choice.type === "chosen" ? choice.store.set : choice.type);
      }
      return [...sets].sort();
    },
  };
}

const error = (retryable: boolean) => new StoreError("store_unreachable", "planted", { retryable });
const failed = async (): Promise<CommitResult> => ({ type: "failed", error: error(true) });
const refused = async (): Promise<CommitResult> => ({ type: "failed", error: error(false) });
const unknown = async (): Promise<CommitResult> => ({ type: "unknown", error: error(true) });
const never = (): Promise<never> => new Promise(() => undefined);

describe("choose()", () => {
  test("takes every healthy near set and no far one", () => {
    expect(createSetUp(["syd1", "syd2", "akl1"]).chosen()).toEqual(["syd1", "syd2"]);
  });

  test("takes a far set only when no near one is healthy", async () => {
    const { answers, commit, chosen } = createSetUp(["syd1", "akl1"]);
    answers("syd1", failed);
    await commit("syd1");
    expect(chosen()).toEqual(["akl1"]);
  });

  test("waits for a busy near set rather than going far", () => {
    const { chooser } = createSetUp(["syd1", "akl1"]);
    expect(chooser.choose({ isFree: (set) => set === "akl1" }).type).toBe("busy");
  });

  test("never returns a set that was tried", () => {
    const { chooser } = createSetUp(["syd1", "syd2"]);
    const except = new Set(["syd1" as SetId]);
    for (let i = 0; i < 20; i++) {
      const choice = chooser.choose({ except });
      expect(choice.type === "chosen" && choice.store.set).toBe("syd2" as SetId);
    }
  });

  test("says none when every set was tried, and probes nothing", () => {
    const { chooser, pings } = createSetUp(["syd1"]);
    expect(chooser.choose({ except: new Set(["syd1" as SetId]) }).type).toBe("none");
    expect(pings).toEqual([]);
  });

  test("with every set open says none and probes the one that is due soonest, one ping at a time", async () => {
    const { answers, commit, chooser, clock, pings, pingAnswers } = createSetUp(["syd1", "syd2"]);
    answers("syd1", failed);
    answers("syd2", failed);
    pingAnswers("syd1", never);
    pingAnswers("syd2", never);
    await commit("syd1");
    await clock.advance(500);
    await commit("syd2");
    const soonest = chooser.choose();
    expect(soonest.type).toBe("none");
    expect(soonest.type === "none" && soonest.retryAfterMs <= OPEN_MS_MAX).toBe(true);
    for (let i = 0; i < 50; i++) chooser.choose();
    expect(pings.length).toBe(1);
  });

  test("probes asked for by callers are a gap apart while pings fail at once", async () => {
    const { answers, commit, chooser, clock, pings, pingAnswers } = createSetUp(["syd1"]);
    answers("syd1", failed);
    pingAnswers("syd1", () => Promise.reject(error(true)));
    await commit("syd1");
    await clock.advance(PROBE_GAP_MS);
    for (let i = 0; i < 10; i++) {
      chooser.choose();
      await settle();
    }
    expect(pings.length).toBe(1);
    await clock.advance(PROBE_GAP_MS);
    chooser.choose();
    expect(pings.length).toBe(2);
  });
});

describe("states of sets", () => {
  test("only sets that are up are chosen, from the moment the directory says so", () => {
    const { chosen, is } = createSetUp(["syd1", "syd2", "akl1"]);
    is("syd1", "drain");
    expect(chosen()).toEqual(["syd2"]);
    is("syd2", "readonly");
    expect(chosen()).toEqual(["akl1"]);
    is("syd1", "up");
    expect(chosen()).toEqual(["syd1"]);
  });

  test("with none up says none and when to ask again, though all are healthy, and probes nothing", async () => {
    const { chooser, clock, is, pings } = createSetUp(["syd1", "syd2"]);
    is("syd1", "retired");
    is("syd2", "drain");
    const choice = chooser.choose();
    expect(choice.type === "none" && choice.retryAfterMs).toBeGreaterThan(0);
    await clock.advance(2 * OPEN_MS_MAX);
    expect(pings).toEqual([]);
  });

  test("a set that failed is not pinged while it is not up, and found again soon after it is", async () => {
    const { answers, commit, clock, is, pings, state } = createSetUp(["syd1", "akl1"]);
    answers("syd1", failed);
    await commit("syd1");
    is("syd1", "retired");
    await clock.advance(10 * OPEN_MS_MAX);
    expect([pings, state("syd1")]).toEqual([[], "open"]);
    is("syd1", "up");
    await clock.advance(OPEN_MS_MAX);
    expect(state("syd1")).toBe("closed");
  });

  test("a step that was begun before is left to finish", async () => {
    const { answers, commit, is } = createSetUp(["syd1"]);
    let finish: (result: CommitResult) => void = () => undefined;
    answers("syd1", () => new Promise((resolve) => (finish = resolve)));
    const begun = commit("syd1");
    is("syd1", "drain");
    finish({ type: "committed" });
    expect((await begun).type).toBe("committed");
  });
});

describe("the breaker", () => {
  test("opens on a definite failure and on an unknown outcome", async () => {
    for (const outcome of [failed, unknown]) {
      const { answers, commit, state } = createSetUp(["syd1"]);
      answers("syd1", outcome);
      await commit("syd1");
      expect(state("syd1")).toBe("open");
    }
  });

  test("opens while a commit hangs, and closes when that commit comes back committed", async () => {
    const { answers, commit, clock, state, pingAnswers } = createSetUp(["syd1"]);
    let finish: (result: CommitResult) => void = () => undefined;
    answers("syd1", () => new Promise((resolve) => (finish = resolve)));
    pingAnswers("syd1", never);
    const hanging = commit("syd1");
    await clock.advance(COMMIT_SLOW_MS - 1);
    expect(state("syd1")).toBe("closed");
    await clock.advance(1);
    expect(state("syd1")).toBe("open");
    finish({ type: "committed" });
    expect((await hanging).type).toBe("committed");
    expect(state("syd1")).toBe("closed");
  });

  test("stays open at least the minimum, then one ping closes it without any request", async () => {
    const { answers, commit, clock, state, changes, pings } = createSetUp(["syd1"]);
    answers("syd1", failed);
    await commit("syd1");
    await clock.advance(OPEN_MS_MIN - 1);
    expect(pings).toEqual([]);
    await clock.advance(OPEN_MS_MAX - OPEN_MS_MIN + 1);
    expect(state("syd1")).toBe("closed");
    expect(changes).toEqual(["syd1 open store_unreachable", "syd1 half_open probe", "syd1 closed recovered"]);
  });

  test("opens again when the ping fails or hangs, and hears no answer that comes too late", async () => {
    const { answers, commit, clock, state, changes, pingAnswers } = createSetUp(["syd1"]);
    answers("syd1", failed);
    let late: () => void = () => undefined;
    pingAnswers("syd1", () => new Promise((resolve) => (late = resolve)));
    await commit("syd1");
    await clock.advance(OPEN_MS_MAX + PROBE_MS_MAX);
    expect(changes).toContain("syd1 open probe_timeout");
    late();
    await settle();
    expect(state("syd1")).not.toBe("closed");
    pingAnswers("syd1", () => Promise.reject(error(true)));
    await clock.advance(2 * OPEN_MS_MAX);
    expect(changes).toContain("syd1 open probe_failed");
  });

  test("a step that hung through an outage says nothing of the set that is back", async () => {
    const { answers, recovers, commit, clock, state } = createSetUp(["syd1"]);
    let finish: (result: CommitResult) => void = () => undefined;
    answers("syd1", () => new Promise((resolve) => (finish = resolve)));
    const hanging = commit("syd1");
    await clock.advance(COMMIT_SLOW_MS);
    expect(state("syd1")).toBe("open");
    await clock.advance(OPEN_MS_MAX);
    expect(state("syd1")).toBe("closed");
    finish({ type: "unknown", error: error(true) });
    expect((await hanging).type).toBe("unknown");
    expect(state("syd1")).toBe("closed");
    recovers("syd1");
    answers("syd1", failed);
    await commit("syd1");
    expect(state("syd1")).toBe("open");
  });

  test("a set that refuses one step stays in use; one that refuses step after step does not", async () => {
    const { answers, recovers, commit, state } = createSetUp(["syd1"]);
    for (let i = 0; i < 3 * REFUSALS_MAX; i++) {
      answers("syd1", refused);
      await commit("syd1");
      recovers("syd1");
      await commit("syd1");
    }
    expect(state("syd1")).toBe("closed");
    answers("syd1", refused);
    for (let i = 0; i < REFUSALS_MAX; i++) await commit("syd1");
    expect(state("syd1")).toBe("open");
  });

  test("nothing happens any more after disposal", async () => {
    const { answers, commit, chooser, clock, pings } = createSetUp(["syd1"]);
    answers("syd1", failed);
    await commit("syd1");
    chooser[Symbol.dispose]();
    await clock.advance(10 * OPEN_MS_MAX);
    expect(pings).toEqual([]);
  });
});
