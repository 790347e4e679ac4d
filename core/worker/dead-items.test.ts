/** Items come off lane `dead` in one step: back to where they died, or away with a trace. */
import { expect, test } from "bun:test";
import type { Store } from "#core/store/store.ts";
import { foldEvents, statusOf } from "#domain/fold.ts";
import type { ChunkId, MessageId } from "#domain/ids.ts";
import type { SubmitItem } from "#domain/item.ts";
import { type Lane, lanes } from "#domain/lane.ts";
import { CHUNK_DELIVERIES_MAX } from "#domain/limits.ts";
import { type DeadItem, toDead } from "./dead-item.ts";
import { type DeadEntry, type DeadOutcome, discardDead, messageOfDead, readDead, retryDead } from "./dead-items.ts";
import { processIsolating } from "./poison.ts";
import { processInbox } from "./process-inbox.ts";
import { processReceipts } from "./process-receipts.ts";
import { takeApart } from "./take-apart.ts";
import {
  acceptedEvent,
  type Bench,
  claim,
  enqueue,
  fra,
  inboxItem,
  itemsOn,
  provider,
  receipt,
  setup,
  submittedEvent,
  syd,
  typesOf,
} from "./testing/bench.ts";

const lane = lanes.submit(provider, "bulk");

function deps({ context, syd: store }: Bench) {
  return { store, clock: context.clock, mint: context.mint, owner: "operator" };
}
async function bury(bench: Bench, on: Lane, item: unknown, over: Partial<DeadItem> = {}): Promise<ChunkId> {
  const dead = toDead({ lane: on, deliveries: 5, enqueuedAt: 1 }, item, "boom", bench.context.clock.now());
  const id = bench.context.mint.chunkId();
  await bench.syd.commit({ chunks: [{ id, lane: lanes.dead, items: [{ ...dead, ...over }] }] });
  return id;
}
async function entries(store: Store): Promise<readonly DeadEntry[]> {
  return Array.fromAsync(readDead(store));
}
async function statusIn(store: Store, id: MessageId): Promise<string> {
  return statusOf(foldEvents(await store.events.ofMessage(id)));
}
const only = (outcomes: ReadonlyMap<ChunkId, DeadOutcome>): readonly string[] =>
  [...outcomes.values()].map(({ type }) => type);

function submitItem(id: MessageId, over: Partial<SubmitItem> = {}): SubmitItem {
  return { ...inboxItem(id), provider, attempt: 1, tries: 0, ...over };
}

test("what this version cannot read either is left where it is, and its message rejected as it was", async () => {
  const bench = setup();
  const id = bench.context.mint.messageId(syd);
  await bench.syd.commit({ events: [acceptedEvent(id, "Shop", 1)] });
  const holds = await enqueue(bench, bench.syd, lanes.inbox("bulk"), [{ ...inboxItem(id), class: "odd" }]);
  await processInbox(bench.context, bench.syd, holds);
  const [entry] = await entries(bench.syd);
  expect(entry?.item && messageOfDead(entry.item)).toBe(id);
  expect(only(await retryDead(deps(bench), entry ? [entry.chunk] : []))).toEqual(["unreadable"]);
  expect(await statusIn(bench.syd, id)).toBe("rejected");
  expect(await entries(bench.syd)).toEqual(entry ? [entry] : []);
});

test("a message that died of a bad moment is put back, and routed as if nothing had been", async () => {
  const bench = setup();
  const id = bench.context.mint.messageId(syd);
  await bench.syd.commit({ events: [acceptedEvent(id, "Shop", 1)] });
  let some = await enqueue(bench, bench.syd, lanes.inbox("bulk"), [inboxItem(id)]);
  const process = (): Promise<void> => Promise.reject(new Error("boom"));
  for (let i = 0; i < CHUNK_DELIVERIES_MAX; i++) {
    await processIsolating(bench.context, { store: bench.syd, holds: some, name: "test", process });
    bench.advance(60_001);
    some = await claim(bench.syd, lanes.inbox("bulk"));
  }
  expect(await statusIn(bench.syd, id)).toBe("rejected");
  await retryDead(
    deps(bench),
    (await entries(bench.syd)).map(({ chunk }) => chunk),
  );
  expect(await statusIn(bench.syd, id)).toBe("accepted");
  await processInbox(bench.context, bench.syd, await claim(bench.syd, lanes.inbox("bulk")));
  expect(await typesOf(bench.syd, id)).toEqual(["accepted", "rejected", "requeued", "routed", "billed"]);
  expect(await statusIn(bench.syd, id)).toBe("queued");
});

test("after its requeue a message is open again, and its receipt makes it delivered", async () => {
  const bench = setup();
  const id = bench.context.mint.messageId(syd);
  await bench.syd.commit({ events: [acceptedEvent(id, "Shop", 1)] });
  const burial = await bury(bench, lane, submitItem(id, { expireAt: bench.context.clock.now() + 5 }));
  await bench.syd.commit({ events: [{ type: "rejected", message: id, at: 2, reason: "poison", detail: "", burial }] });
  await retryDead(deps(bench), [burial]);
  expect(await statusIn(bench.syd, id)).toBe("accepted");
  const [hold] = await claim(bench.syd, lane);
  expect(hold).toMatchObject({ items: [{ id }], progress: { positions: 1, mark: 0 }, deliveries: 1 });
  await bench.syd.commit({ acks: hold ? [hold.lease] : [], events: [submittedEvent(id, "p1")] });
  const receipts = await enqueue(bench, bench.syd, lanes.receipts, [receipt(bench, "p1")]);
  await processReceipts(bench.context, bench.syd, receipts);
  expect(await statusIn(bench.syd, id)).toBe("delivered");
});

test("a retry goes on where it was: segments that are done stay done", async () => {
  const bench = setup();
  const id = bench.context.mint.messageId(syd);
  const chunk = await bury(bench, lane, submitItem(id, { text: "x".repeat(200), doneSegments: [0] }));
  await retryDead(deps(bench), [chunk]);
  expect(await itemsOn(bench.syd, lane)).toMatchObject([{ doneSegments: [0] }]);
  expect(await typesOf(bench.syd, id)).toEqual(["requeued"]);
});

test("what may have been sent is in doubt when it is put back", async () => {
  const bench = setup();
  const id = bench.context.mint.messageId(syd);
  const item = submitItem(id, { text: "x".repeat(200), doneSegments: [0] });
  await retryDead(deps(bench), [await bury(bench, lane, item, { maybeSent: true })]);
  expect(await bench.syd.events.ofMessage(id)).toMatchObject([
    { type: "requeued" },
    { type: "in_doubt", segment: 1, policy: "resend" },
  ]);
});

test("receipts and replies go back to their lanes, and a receipt that matches by now is matched", async () => {
  const bench = setup();
  const id = bench.context.mint.messageId(syd);
  await bench.syd.commit({ events: [submittedEvent(id, "p1")] });
  const late = receipt(bench, "p1", { receivedAt: 1 });
  expect(only(await retryDead(deps(bench), [await bury(bench, lanes.receipts, late)]))).toEqual(["done"]);
  await processReceipts(bench.context, bench.syd, await claim(bench.syd, lanes.receipts));
  expect(await typesOf(bench.syd, id)).toEqual(["submitted", "delivered"]);
});

test("a discard is for good and leaves a trace: with the message, on whichever set that is", async () => {
  const bench = setup();
  const mint = bench.context.mint;
  const [own, foreign] = [mint.messageId(syd), mint.messageId(fra)];
  const chunks = [
    await bury(bench, lanes.inbox("bulk"), { id: own }),
    await bury(bench, lanes.receipts, receipt(bench, "p1", { message: foreign, segment: 0 })),
    await bury(bench, lanes.replies, "garbage"),
  ];
  const odd = mint.chunkId();
  await bench.syd.commit({ chunks: [{ id: odd, lane: lanes.dead, items: ["not even a dead item"] }] });
  expect(only(await discardDead(deps(bench), [...chunks, odd]))).toEqual(["done", "done", "done", "done"]);
  expect(await entries(bench.syd)).toEqual([]);
  expect(await typesOf(bench.syd, own)).toEqual(["discarded"]);
  expect(await itemsOn(bench.syd, lanes.relay(fra))).toMatchObject([
    { events: [{ type: "discarded", message: foreign, burial: chunks[1] }] },
  ]);
});

test("what is not there, in another's hands or unreadable is said to be so, and left alone", async () => {
  const bench = setup();
  const [held, odd] = [await bury(bench, lane, "x"), await bury(bench, "nowhere" as Lane, {})];
  await bench.syd.claim({ lanes: [lanes.dead], only: [held], itemsMax: 1, leaseMs: 1_000, owner: "other" });
  const gone = bench.context.mint.chunkId();
  expect(only(await retryDead(deps(bench), [held, gone, odd]))).toEqual(["not_found", "not_found", "unreadable"]);
  expect((await entries(bench.syd)).length).toBe(2);
  expect(only(await discardDead(deps(bench), [odd]))).toEqual(["done"]);
});

test("a step that the set refuses changes nothing, and the item can be tried again at once", async () => {
  const bench = setup();
  const id = bench.context.mint.messageId(syd);
  const chunk = await bury(bench, lane, submitItem(id));
  bench.faults.set(syd, "failed");
  expect(await retryDead(deps(bench), [chunk])).toEqual(new Map([[chunk, { type: "failed", code: "failed" }]]));
  bench.faults.clear();
  expect(only(await retryDead(deps(bench), [chunk]))).toEqual(["done"]);
  expect(await typesOf(bench.syd, id)).toEqual(["requeued"]);
});

test("more than a step's worth, each once, in the order of burial", async () => {
  const bench = setup();
  const ids: ChunkId[] = [];
  for (let i = 0; i < 120; i++) {
    bench.advance(1);
    ids.push(await bury(bench, lane, submitItem(bench.context.mint.messageId(syd))));
  }
  expect((await entries(bench.syd)).map(({ chunk }) => chunk)).toEqual(ids);
  const outcomes = await retryDead(deps(bench), [...ids, ...ids]);
  expect(new Set(only(outcomes))).toEqual(new Set(["done"]));
  expect((await bench.syd.depth()).get(lane)?.items).toBe(120);
});

test("an unreadable submit item, read by the next version, goes on behind what was sent", async () => {
  const bench = setup();
  const id = bench.context.mint.messageId(syd);
  const long = submitItem(id, { text: "x".repeat(200) });
  const base = { mint: bench.context.mint, set: syd, policy: () => "keep" as const, now: 1 };
  await bench.syd.commit({
    chunks: [{ id: base.mint.chunkId(), lane, items: [{ ...long, class: "odd" }], positions: 2 }],
  });
  const first = { lanes: [lane], itemsMax: 1, leaseMs: 1_000, owner: "one", markAhead: 1 };
  await bench.syd.claim(first);
  bench.advance(1_001);
  const [hold] = await bench.syd.claim({ ...first, owner: "two" });
  if (hold === undefined) throw new Error("Nothing was claimed");
  const { events, chunks } = takeApart(hold, base);
  expect((await bench.syd.commit({ acks: [hold.lease], events, chunks })).type).toBe("committed");
  expect(await typesOf(bench.syd, id)).toEqual(["in_doubt", "unknown", "unknown"]);
  const [entry] = await entries(bench.syd);
  expect(entry?.item?.item).toEqual({ ...long, class: "odd", doneSegments: [0] });
});
