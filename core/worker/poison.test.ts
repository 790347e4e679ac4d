/** Bad items end on lane `dead`, in a bounded number of their own failures; their neighbours go on. */
import { expect, test } from "bun:test";
import { type Hold, type Store, StoreError } from "#core/store/store.ts";
import type { MessageId } from "#domain/ids.ts";
import { type Lane, lanes } from "#domain/lane.ts";
import { CHUNK_DELIVERIES_MAX } from "#domain/limits.ts";
import { unwrapFailed } from "./failed-item.ts";
import { type Batch, processIsolating } from "./poison.ts";
import { processInbox } from "./process-inbox.ts";
import { type Bench, claim, enqueue, fra, inboxItem, itemsOn, setup, syd, typesOf } from "./testing/bench.ts";

const lane = lanes.inbox("bulk");
const LONG_MS = 60_001;

/** Serves batches whole, and throws where one item is "bad". */
function createProcess() {
  const served: unknown[] = [];
  let failures = 0;
  const process: Batch["process"] = async (store, holds) => {
    const items = holds.flatMap((hold) => hold.items.map((item) => unwrapFailed(hold, item).item));
    if (items.some((item) => item === "bad" || (item as { text?: string }).text === "bad")) {
      failures += 1;
      throw new Error("boom");
    }
    await store.commit({ acks: holds.map((hold) => hold.lease) });
    served.push(...items);
  };
  return { process, served, failures: () => failures };
}

async function work(bench: Bench, process: Batch["process"], rounds = 2 * CHUNK_DELIVERIES_MAX): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    bench.advance(LONG_MS);
    const holds = await claim(bench.syd, lane);
    if (holds.length > 0) await processIsolating(bench.context, { store: bench.syd, holds, name: "test", process });
  }
}

async function put(bench: Bench, store: Store, on: Lane, items: readonly unknown[]): Promise<void> {
  await store.commit({ chunks: [{ id: bench.context.mint.chunkId(), lane: on, items }] });
}

test("one bad item among 20: its 19 neighbours are served, it alone is buried, after failures of its own", async () => {
  const bench = setup();
  const good = Array.from({ length: 19 }, (_, i) => `good ${i}`);
  await put(bench, bench.syd, lane, [...good.slice(0, 7), "bad", ...good.slice(7)]);
  const { process, served } = createProcess();
  await work(bench, process);
  expect(served.toSorted()).toEqual(good.toSorted());
  const dead = await itemsOn(bench.syd, lanes.dead);
  expect(dead).toMatchObject([{ lane, item: "bad", error: "boom", deliveries: CHUNK_DELIVERIES_MAX }]);
  expect((await bench.syd.depth()).has(lane)).toBe(false);
});

test("bad and good chunks claimed together: the good ones are served in the same lease", async () => {
  const bench = setup();
  for (const item of ["one", "bad", "two", "three"]) await put(bench, bench.syd, lane, [item]);
  const { process, served } = createProcess();
  await work(bench, process, 1);
  expect(served).toEqual(["one", "two", "three"]);
});

test("what failed together comes back at different times, later each time, within a minute", async () => {
  const bench = setup();
  const waited: (readonly [number, number])[] = [];
  for (const fraction of [0, 0.999]) {
    const context = { ...bench.context, random: { ...bench.context.random, fraction: () => fraction } };
    for (const failures of [2, 4]) {
      const own = `inbox.${fraction}.${failures}` as Lane;
      await put(bench, bench.syd, own, [{ failures: failures - 1, enqueuedAt: 1, item: "bad" }]);
      const { process } = createProcess();
      const holds = await claim(bench.syd, own);
      await processIsolating(context, { store: bench.syd, holds, name: "test", process });
      let ms = 0;
      for (; (await claim(bench.syd, own)).length === 0; ms += 50) bench.advance(50);
      waited.push([failures, ms]);
    }
  }
  expect(waited).toEqual([
    [2, 500],
    [4, 2_000],
    [2, 1_000],
    [4, 4_000],
  ]);
});

test("deliveries that were nobody's failure do not count: a good item is not buried for one bad moment", async () => {
  const bench = setup();
  await put(bench, bench.syd, lane, ["good"]);
  for (let i = 0; i < 3 * CHUNK_DELIVERIES_MAX; i++) {
    const leases = (await claim(bench.syd, lane)).map((hold) => hold.lease);
    await bench.syd.release(leases, 0);
  }
  let calls = 0;
  const { process, served } = createProcess();
  await work(bench, async (store, holds) => {
    if (calls++ === 0) throw new Error("one bad moment");
    await process(store, holds);
  });
  expect(served).toEqual(["good"]);
  expect((await bench.syd.depth()).size).toBe(0);
});

test("a set that cannot be reached is no failure of the items: the error is passed on, and nothing moves", async () => {
  const bench = setup();
  const holds = await enqueue(bench, bench.syd, lane, ["one", "two"]);
  const away = new StoreError("store_unreachable", "away", { retryable: true });
  const process = (): Promise<void> => Promise.reject(away);
  expect(processIsolating(bench.context, { store: bench.syd, holds, name: "test", process })).rejects.toBe(away);
  expect((await bench.syd.depth()).get(lane)?.items).toBe(2);
});

test("holds whose lease has run out while others were tried are left to whoever has them", async () => {
  const bench = setup();
  for (const item of ["one", "two"]) await put(bench, bench.syd, lane, [item]);
  const tried: (readonly Hold[])[] = [];
  const process: Batch["process"] = async (_, holds) => {
    tried.push(holds);
    bench.advance(600);
    throw new Error("slow and bad");
  };
  const holds = await claim(bench.syd, lane);
  await processIsolating(bench.context, { store: bench.syd, holds, name: "test", process });
  expect(tried.map((some) => some.length)).toEqual([2, 1]);
});

test("a buried message is rejected in the same step, so that it does not stay accepted for ever", async () => {
  const bench = setup();
  const id = bench.context.mint.messageId(syd);
  await put(bench, bench.syd, lane, [inboxItem(id, { text: "bad" })]);
  await work(bench, createProcess().process);
  const [event] = await bench.syd.events.ofMessage(id);
  expect(event).toMatchObject({ type: "rejected", reason: "poison", detail: expect.not.stringContaining("boom") });
  const [dead] = await bench.syd.dead({ max: 10 });
  expect(dead).toMatchObject({ items: [{ item: { id } }] });
  expect(event).toMatchObject({ burial: dead?.id });
});

test("an inbox item that is unreadable but names a message of this set is rejected, others just are dead", async () => {
  const bench = setup();
  const [own, foreign] = [bench.context.mint.messageId(syd), bench.context.mint.messageId(fra)];
  const unreadable = (id: MessageId): object => ({ ...inboxItem(id), segments: "many" });
  const items = [unreadable(own), unreadable(foreign), null, "text", { id: "no id" }];
  const holds = await enqueue(bench, bench.syd, lane, items);
  await processInbox(bench.context, bench.syd, holds);
  expect(await typesOf(bench.syd, own)).toEqual(["rejected"]);
  expect(await typesOf(bench.syd, foreign)).toEqual([]);
  expect((await itemsOn(bench.syd, lanes.dead)).length).toBe(items.length);
});

test("a bad relay item, receipt or reply has no message to reject", async () => {
  const bench = setup();
  const id = bench.context.mint.messageId(syd);
  const holds = await enqueue(bench, bench.syd, lanes.receipts, [{ id }]);
  const process = (): Promise<void> => Promise.reject(new Error("boom"));
  let some: readonly Hold[] = holds;
  for (let i = 0; i < CHUNK_DELIVERIES_MAX; i++) {
    await processIsolating(bench.context, { store: bench.syd, holds: some, name: "test", process });
    bench.advance(LONG_MS);
    some = await claim(bench.syd, lanes.receipts);
  }
  expect(await typesOf(bench.syd, id)).toEqual([]);
  expect(await itemsOn(bench.syd, lanes.dead)).toMatchObject([{ item: { id } }]);
});
