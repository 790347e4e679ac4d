import { expect, test } from "bun:test";
import { createMemoryStore } from "#core/store/memory/memory-store.ts";
import { type Clock, systemClock } from "#domain/clock.ts";
import type { SetId } from "#domain/ids.ts";
import { lanes } from "#domain/lane.ts";
import { systemRandom } from "#domain/random.ts";
import { setup, submittedEvent } from "./testing/bench.ts";
import { runWorker } from "./worker.ts";

/** Real time for leases, but a wait is over at the next turn of the event loop. */
const hasty: Clock = { ...systemClock, sleep: () => new Promise((resolve) => setImmediate(resolve)) };

test("a backlog for a set that hangs does not hold back what is for the others", async () => {
  const [home, hanging, healthy] = ["syd1", "fra1", "iad1"] as [SetId, SetId, SetId];
  const arrived = Promise.withResolvers<void>();
  const never = Promise.withResolvers<undefined>();
  const stop = new AbortController();
  const onCommit = new Map([
    [hanging, () => never.promise],
    [
      healthy,
      async () => {
        arrived.resolve();
        return undefined;
      },
    ],
  ]);
  const stores = new Map(
    [home, hanging, healthy].map((set) => {
      const planted = onCommit.get(set);
      const base = { set, region: "here", clock: hasty, random: systemRandom };
      return [set, createMemoryStore(planted === undefined ? base : { ...base, onCommit: planted })];
    }),
  );
  const context = { ...setup().context, stores, clock: hasty };
  const { mint } = context;
  for (const target of [hanging, hanging, healthy]) {
    const item = { id: mint.unique(), events: [submittedEvent(mint.messageId(target), "p1")], optOuts: [] };
    await stores.get(home)?.commit({ chunks: [{ id: mint.chunkId(), lane: lanes.relay(target), items: [item] }] });
  }
  const running = runWorker(context, { owner: "test", signal: stop.signal });
  await arrived.promise;
  stop.abort();
  never.resolve(undefined);
  await running;
  expect((await stores.get(home)?.depth())?.has(lanes.relay(healthy))).toBe(false);
});
