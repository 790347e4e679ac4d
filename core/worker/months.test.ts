import { expect, test } from "bun:test";
import { createMemoryStore } from "#core/store/memory/memory-store.ts";
import { type Store, StoreError } from "#core/store/store.ts";
import { type Clock, systemClock } from "#domain/clock.ts";
import { silentLogger } from "#domain/log.ts";
import { systemRandom } from "#domain/random.ts";
import { setup, syd } from "./testing/bench.ts";
import { runWorker } from "./worker.ts";

const HOUR_MS = 3_600_000;

test("the months to come are made daily, and hourly while the set refuses, which is said", async () => {
  const answers: (() => Promise<readonly string[]>)[] = [
    () => Promise.reject(new StoreError("store_refused", "not allowed", { retryable: false })),
    async () => ["2027-01"],
    async () => [],
  ];
  const stop = new AbortController();
  const waits: number[] = [];
  const clock: Clock = {
    ...systemClock,
    sleep(ms) {
      if (ms >= HOUR_MS) waits.push(ms);
      if (waits.length === answers.length) stop.abort();
      return new Promise((resolve) => setImmediate(resolve));
    },
  };
  const base = createMemoryStore({ set: syd, region: "syd", clock, random: systemRandom });
  const events: Store["events"] = { ...base.events, openMonths: async () => answers[waits.length]?.() ?? [] };
  const said: unknown[] = [];
  const say = (name: string, fields: unknown): void => {
    if (name.startsWith("month.")) said.push([name, fields]);
  };
  const log = { ...silentLogger, info: say, error: say };
  const context = { ...setup().context, clock, log, stores: new Map([[syd, Object.assign(base, { events })]]) };
  await runWorker(context, { owner: "test", signal: stop.signal });
  expect(waits).toEqual([HOUR_MS, 24 * HOUR_MS, 24 * HOUR_MS]);
  expect(said).toEqual([
    ["month.failed", { set: syd, code: "store_refused" }],
    ["month.opened", { set: syd, month: "2027-01" }],
  ]);
});
