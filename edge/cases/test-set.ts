/** A set in memory that a test can take away, make hang, refuse or doubt, and that remembers the steps it was given. */
import { createMemorySet, type MemorySet } from "#core/store/memory/memory-set.ts";
import { createMemoryStore } from "#core/store/memory/memory-store.ts";
import { type CommitResult, type Step, type Store, StoreError } from "#core/store/store.ts";
import type { Clock } from "#domain/clock.ts";
import type { MessageEvent } from "#domain/event.ts";
import type { SetId } from "#domain/ids.ts";
import type { Random } from "#domain/random.ts";

/**
 * What becomes of a commit. `contends`: a key of it is held by another edge's open step. `doubted_applied` is stored,
 * and `doubted_lost` is not, but neither says so.
 */
export type CommitMode = "ok" | "fails" | "refuses" | "contends" | "doubted_applied" | "doubted_lost" | "hangs";

export interface TestSet {
  readonly store: Store;
  readonly data: MemorySet;
  /** Every step that was tried here, in order. */
  readonly steps: Step[];
  /** For each step; a function decides step by step. */
  mode: CommitMode | ((step: Step) => CommitMode);
  /** Reads and pings fail, or never end. Those of the directory fail in both: its keeper waits for them to close. */
  reads: "ok" | "fail" | "hang";
  /** Ends the oldest hanging commits, `count` of them or all, each as `mode` says. */
  release(mode: Exclude<CommitMode, "hangs">, count?: number): void;
  readonly hanging: () => number;
  /** What is really stored. */
  events(): readonly MessageEvent[];
  items(): readonly unknown[];
}

export function createTestSet(options: {
  readonly set: string;
  readonly region: string;
  readonly clock: Clock;
  readonly random: Random;
}): TestSet {
  const data = createMemorySet();
  const inner = createMemoryStore({ ...options, set: options.set as SetId, data });
  const waiting: ((mode: Exclude<CommitMode, "hangs">) => void)[] = [];

  async function commit(step: Step): Promise<CommitResult> {
    testSet.steps.push(step);
    const mode = typeof testSet.mode === "function" ? testSet.mode(step) : testSet.mode;
    return end(step, mode === "hangs" ? await new Promise((resolve) => waiting.push(resolve)) : mode);
  }

  async function end(step: Step, mode: Exclude<CommitMode, "hangs">): Promise<CommitResult> {
    const result = mode === "ok" || mode === "doubted_applied" ? await inner.commit(step) : undefined;
    if (mode === "ok" && result !== undefined) return result;
    if (mode === "contends") return { type: "failed", error: new StoreError("key_contended", "", { retryable: true }) };
    const type = mode === "fails" || mode === "refuses" ? "failed" : "unknown";
    return { type, error: planted(mode !== "refuses") };
  }

  function guard<Args extends readonly unknown[], T>(
    read: (...args: Args) => Promise<T>,
  ): (...args: Args) => Promise<T> {
    return (...args) => {
      if (testSet.reads === "hang") return new Promise(() => undefined);
      return testSet.reads === "fail" ? Promise.reject(planted(true)) : read(...args);
    };
  }

  const testSet: TestSet = {
    store: {
      ...inner,
      commit,
      ping: guard(inner.ping),
      balances: guard((...asked: Parameters<Store["balances"]>) => inner.balances(...asked)),
      standing: () => inner.standing(),
      events: { ...inner.events, ofMessage: guard(inner.events.ofMessage) },
      directory: {
        ...inner.directory,
        head: () => (testSet.reads === "ok" ? inner.directory.head() : Promise.reject(planted(true))),
      },
    },
    data,
    steps: [],
    mode: "ok",
    reads: "ok",
    release(mode, count = waiting.length) {
      for (const resolve of waiting.splice(0, count)) resolve(mode);
    },
    hanging: () => waiting.length,
    events: () => [...data.batches.values()].flatMap((batch) => batch.events),
    items: () => [...data.chunks.values()].flatMap((chunk) => JSON.parse(chunk.items) as readonly unknown[]),
  };
  return testSet;
}

function planted(retryable: boolean): StoreError {
  return new StoreError(retryable ? "store_unreachable" : "store_refused", "Planted fault", { retryable });
}
