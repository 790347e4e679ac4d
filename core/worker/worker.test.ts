import { expect, test } from "bun:test";
import type { SetState } from "#core/directory/set-states.ts";
import { createMemoryStore } from "#core/store/memory/memory-store.ts";
import { type Clock, systemClock } from "#domain/clock.ts";
import type { SetId } from "#domain/ids.ts";
import { lanes } from "#domain/lane.ts";
import { systemRandom } from "#domain/random.ts";
import { inboxItem, receipt, setup, submittedEvent, syd } from "./testing/bench.ts";
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

/** Runs a worker with one message and one receipt waiting on syd1 for a while; returns whether they still wait. */
async function workIn(state: SetState) {
  const bench = setup();
  bench.states.set(syd, state);
  const store = createMemoryStore({ set: syd, region: "syd", clock: hasty, random: systemRandom });
  const context = { ...bench.context, clock: hasty, stores: new Map([[syd, store]]) };
  const stop = new AbortController();
  const [waiting, sent] = [context.mint.messageId(syd), context.mint.messageId(syd)];
  await store.commit({
    events: [submittedEvent(sent, "p1")],
    chunks: [
      { id: context.mint.chunkId(), lane: lanes.inbox("bulk"), items: [inboxItem(waiting)] },
      { id: context.mint.chunkId(), lane: lanes.receipts, items: [receipt(bench, "p1")] },
    ],
  });
  const running = runWorker(context, { owner: "test", signal: stop.signal });
  // Two rounds of every loop and more: what is not claimed by then is not wanted.
  for (let turn = 0; turn < 200; turn++) await hasty.sleep(0);
  stop.abort();
  await running;
  const depth = await store.depth();
  return { inbox: depth.has(lanes.inbox("bulk")), receipts: depth.has(lanes.receipts) };
}

test("drain is worked off; on readonly receipts go on and nothing is routed; retired rests", async () => {
  expect(await workIn("up")).toEqual({ inbox: false, receipts: false });
  expect(await workIn("drain")).toEqual({ inbox: false, receipts: false });
  expect(await workIn("readonly")).toEqual({ inbox: true, receipts: false });
  expect(await workIn("retired")).toEqual({ inbox: true, receipts: true });
});
