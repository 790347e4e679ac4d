/** The worker's stages on memory stores: two sets, no loops, no waiting. */
import { expect, test } from "bun:test";
import { createDirectory, directorySchema } from "#core/directory/directory.ts";
import type { LiveDirectory } from "#core/directory/open-directory.ts";
import { createMetrics } from "#core/metrics/metrics.ts";
import { type CommitFault, createMemoryStore } from "#core/store/memory/memory-store.ts";
import { type Hold, optOutKey, type Store } from "#core/store/store.ts";
import type { Clock } from "#domain/clock.ts";
import type { E164, Sender } from "#domain/e164.ts";
import type { EventOf, MessageEvent } from "#domain/event.ts";
import { type AccountId, createIdMint, type MessageId, type ProviderId, type SetId } from "#domain/ids.ts";
import type { InboxItem, ReceiptItem, ReplyItem } from "#domain/item.ts";
import { type Lane, lanes } from "#domain/lane.ts";
import { CHUNK_DELIVERIES_MAX, RECEIPT_PARK_HOURS_MAX } from "#domain/limits.ts";
import { silentLogger } from "#domain/log.ts";
import { systemRandom } from "#domain/random.ts";
import { isolatePoison } from "./poison.ts";
import { processInbox } from "./process-inbox.ts";
import { processReceipts } from "./process-receipts.ts";
import { processRelay } from "./process-relay.ts";
import { keywordOf, processReplies } from "./process-replies.ts";
import type { WorkContext } from "./work-context.ts";

const provider = "sim" as ProviderId;
const demo = "demo" as AccountId;
const [syd, fra] = ["syd1", "fra1"] as [SetId, SetId];
const handset = "+61400000001" as E164;

interface Bench {
  readonly context: WorkContext;
  readonly syd: Store;
  readonly fra: Store;
  /** Planted in the next commits of that set. */
  readonly faults: Map<SetId, CommitFault>;
  advance(ms: number): void;
}

function setup(): Bench {
  let now = 1_800_000_000_000;
  const clock: Clock = {
    now: () => now,
    monotonic: () => now,
    sleep: async () => undefined,
    after: () => ({ cancel: () => undefined }),
  };
  const faults = new Map<SetId, CommitFault>();
  const open = (set: SetId): Store =>
    createMemoryStore({
      set,
      region: set.slice(0, 3),
      clock,
      random: systemRandom,
      onCommit: async () => faults.get(set),
    });
  const stores = new Map([syd, fra].map((set) => [set, open(set)]));
  const account = { id: "demo", name: "Demo", currency: "EUR", inDoubt: "resend", keys: [] };
  const directory = createDirectory(
    1,
    directorySchema.parse({
      accounts: [{ ...account, prices: [{ prefix: "+", priceMicros: "1" }] }],
      routes: [{ prefix: "+", provider }],
      numbers: [],
    }),
  );
  const live = { current: () => directory } as unknown as LiveDirectory;
  const mint = createIdMint({ clock, random: systemRandom });
  const items = createMetrics().counter("items", "");
  const context = { stores, directory: live, clock, random: systemRandom, mint, log: silentLogger, items };
  const [a, b] = [stores.get(syd), stores.get(fra)];
  if (a === undefined || b === undefined) throw new Error("No stores");
  return { context, syd: a, fra: b, faults, advance: (ms) => (now += ms) };
}

async function claim(store: Store, ...wanted: Lane[]): Promise<readonly Hold[]> {
  return store.claim({ lanes: wanted, itemsMax: 512, leaseMs: 1_000, owner: "test" });
}
async function itemsOn(store: Store, lane: Lane): Promise<readonly unknown[]> {
  return (await claim(store, lane)).flatMap((hold) => hold.items);
}
async function typesOf(store: Store, id: MessageId): Promise<readonly string[]> {
  return (await store.events.ofMessage(id)).map((event) => event.type);
}

function inboxItem(id: MessageId, over: Partial<InboxItem> = {}): InboxItem {
  const texts = { to: handset, from: "Shop" as Sender, text: "hi" };
  return { id, account: demo, ...texts, class: "bulk", encoding: "gsm7", segments: 1, ...over };
}
function acceptedEvent(id: MessageId, from: string, at: number): EventOf<"accepted"> {
  return { type: "accepted", at, message: id, ...inboxItem(id, { from: from as Sender }) } as EventOf<"accepted">;
}
function submittedEvent(id: MessageId, providerMessageId: string): MessageEvent {
  return { type: "submitted", message: id, at: 1, segment: 0, attempt: 1, provider, providerMessageId };
}

async function enqueue(bench: Bench, store: Store, lane: Lane, items: readonly unknown[]): Promise<readonly Hold[]> {
  await store.commit({ chunks: [{ id: bench.context.mint.chunkId(), lane, items }] });
  return claim(store, lane);
}

function receipt(bench: Bench, providerMessageId: string, over: Partial<ReceiptItem> = {}): ReceiptItem {
  const ids = { id: bench.context.mint.unique(), providerMessageId, rawProviderMessageId: providerMessageId };
  return { ...ids, provider, state: "delivered", error: "", receivedAt: bench.context.clock.now(), ...over };
}
function reply(bench: Bench, over: Partial<ReplyItem> = {}): ReplyItem {
  const base = { id: bench.context.mint.unique(), provider, from: handset, to: "+61480000001", text: "yes" };
  return { ...base, receivedAt: bench.context.clock.now(), ...over };
}

test("inbox: one step acknowledges, says why and forwards; the chunk carries its segments as positions", async () => {
  const bench = setup();
  const id = bench.context.mint.messageId(syd);
  const holds = await enqueue(bench, bench.syd, lanes.inbox("bulk"), [
    inboxItem(id, { text: "x".repeat(200), segments: 2 }),
  ]);
  await processInbox(bench.context, bench.syd, holds);
  expect(await typesOf(bench.syd, id)).toEqual(["routed", "billed"]);
  const [hold] = await claim(bench.syd, lanes.submit(provider, "bulk"));
  expect(hold?.progress.positions).toBe(2);
  expect((await bench.syd.depth()).has(lanes.inbox("bulk"))).toBe(false);
});

test("inbox: an item that is none goes to lane dead with its reason, and its neighbours go on", async () => {
  const bench = setup();
  const id = bench.context.mint.messageId(syd);
  const holds = await enqueue(bench, bench.syd, lanes.inbox("bulk"), [{ garbage: true }, inboxItem(id)]);
  await processInbox(bench.context, bench.syd, holds);
  expect(await typesOf(bench.syd, id)).toEqual(["routed", "billed"]);
  expect(await itemsOn(bench.syd, lanes.dead)).toMatchObject([{ lane: "inbox.bulk", item: { garbage: true } }]);
});

test("inbox: a step that the set refuses gives the chunks back, and nothing is lost", async () => {
  const bench = setup();
  const id = bench.context.mint.messageId(syd);
  const holds = await enqueue(bench, bench.syd, lanes.inbox("bulk"), [inboxItem(id)]);
  bench.faults.set(syd, "failed");
  await processInbox(bench.context, bench.syd, holds);
  bench.faults.clear();
  bench.advance(1_001);
  await processInbox(bench.context, bench.syd, await claim(bench.syd, lanes.inbox("bulk")));
  expect(await typesOf(bench.syd, id)).toEqual(["routed", "billed"]);
});

test("inbox: with one lost lease among several, the others are settled", async () => {
  const bench = setup();
  const [one, two] = [bench.context.mint.messageId(syd), bench.context.mint.messageId(syd)];
  const lost = await enqueue(bench, bench.syd, lanes.inbox("bulk"), [inboxItem(one)]);
  const kept = await enqueue(bench, bench.syd, lanes.inbox("alert"), [inboxItem(two, { class: "alert" })]);
  await bench.syd.release(
    lost.map((hold) => hold.lease),
    0,
  );
  await processInbox(bench.context, bench.syd, [...lost, ...kept]);
  expect([await typesOf(bench.syd, one), await typesOf(bench.syd, two)]).toEqual([[], ["routed", "billed"]]);
});

test("receipt: matched by its submit on this set, or by what the connector remembered", async () => {
  const bench = setup();
  const [one, two] = [bench.context.mint.messageId(syd), bench.context.mint.messageId(syd)];
  await bench.syd.commit({ events: [submittedEvent(one, "p1")] });
  const items = [receipt(bench, "p1"), receipt(bench, "p2", { message: two, segment: 0, state: "undelivered" })];
  await processReceipts(bench.context, bench.syd, await enqueue(bench, bench.syd, lanes.receipts, items));
  expect([await typesOf(bench.syd, one), await typesOf(bench.syd, two)]).toEqual([
    ["submitted", "delivered"],
    ["undelivered"],
  ]);
});

test("receipt: one for another set's message goes there through the relay, and twice is as once", async () => {
  const bench = setup();
  const id = bench.context.mint.messageId(fra);
  await bench.fra.commit({ events: [submittedEvent(id, "p1")] });
  await processReceipts(
    bench.context,
    bench.syd,
    await enqueue(bench, bench.syd, lanes.receipts, [receipt(bench, "p1")]),
  );
  expect(await typesOf(bench.syd, id)).toEqual([]);
  bench.faults.set(fra, "unknown_applied");
  await processRelay(bench.context, bench.syd, await claim(bench.syd, lanes.relay(fra)));
  bench.faults.clear();
  bench.advance(2_001);
  await processRelay(bench.context, bench.syd, await claim(bench.syd, lanes.relay(fra)));
  expect(await typesOf(bench.fra, id)).toEqual(["submitted", "delivered", "delivered"]);
  expect((await bench.syd.depth()).size).toBe(0);
});

test("receipt: one that matches nothing is parked, matched once its submit is there, buried after days", async () => {
  const bench = setup();
  const id = bench.context.mint.messageId(syd);
  const early = receipt(bench, "p1");
  const never = receipt(bench, "p9");
  await processReceipts(bench.context, bench.syd, await enqueue(bench, bench.syd, lanes.receipts, [early, never]));
  expect(await claim(bench.syd, lanes.receipts)).toEqual([]);
  await bench.syd.commit({ events: [submittedEvent(id, "p1")] });
  bench.advance(300_000);
  await processReceipts(bench.context, bench.syd, await claim(bench.syd, lanes.receipts));
  expect(await typesOf(bench.syd, id)).toEqual(["submitted", "delivered"]);
  bench.advance(RECEIPT_PARK_HOURS_MAX * 3_600_000 + 1);
  await processReceipts(bench.context, bench.syd, await claim(bench.syd, lanes.receipts));
  expect(await itemsOn(bench.syd, lanes.dead)).toMatchObject([{ item: { providerMessageId: "p9" } }]);
});

test("reply: each names the newest message from the number it was sent to, whichever set that is on", async () => {
  const bench = setup();
  const mint = bench.context.mint;
  const [old, one, two] = [mint.messageId(syd), mint.messageId(fra), mint.messageId(syd)];
  await bench.syd.commit({ events: [acceptedEvent(old, "+61480000001", 10), acceptedEvent(two, "+61480000002", 10)] });
  await bench.fra.commit({ events: [acceptedEvent(one, "+61480000001", 20)] });
  const items = [reply(bench, { text: "to one" }), reply(bench, { to: "+61480000002", text: "to two" })];
  await processReplies(bench.context, bench.syd, await enqueue(bench, bench.syd, lanes.replies, items));
  await processRelay(bench.context, bench.syd, await claim(bench.syd, lanes.relay(fra)));
  expect(await typesOf(bench.syd, old)).toEqual(["accepted"]);
  expect((await bench.fra.events.ofMessage(one)).at(-1)).toMatchObject({ type: "replied", text: "to one" });
  expect((await bench.syd.events.ofMessage(two)).at(-1)).toMatchObject({ type: "replied", text: "to two" });
});

test("reply: STOP is obeyed on every set, START ends it, and prose with the word in it is prose", async () => {
  const bench = setup();
  const id = bench.context.mint.messageId(syd);
  await bench.syd.commit({ events: [acceptedEvent(id, "+61480000001", 10)] });
  const key = optOutKey(demo, handset);
  const say = async (text: string): Promise<void> => {
    bench.advance(1_000);
    const holds = await enqueue(bench, bench.syd, lanes.replies, [reply(bench, { text })]);
    await processReplies(bench.context, bench.syd, holds);
    await processRelay(bench.context, bench.syd, await claim(bench.syd, lanes.relay(fra)));
  };
  await say(" stop ");
  expect([(await bench.syd.optedOut([key])).size, (await bench.fra.optedOut([key])).size]).toEqual([1, 1]);
  await say("Start");
  expect([(await bench.syd.optedOut([key])).size, (await bench.fra.optedOut([key])).size]).toEqual([0, 0]);
  expect(keywordOf({ text: "please stop calling" })).toBeUndefined();
});

test("reply: one that answers nothing waits a while and is then kept on lane dead", async () => {
  const bench = setup();
  await processReplies(bench.context, bench.syd, await enqueue(bench, bench.syd, lanes.replies, [reply(bench)]));
  expect(await claim(bench.syd, lanes.replies)).toEqual([]);
  bench.advance(60_000);
  await processReplies(bench.context, bench.syd, await claim(bench.syd, lanes.replies));
  expect(await itemsOn(bench.syd, lanes.dead)).toMatchObject([{ item: { text: "yes" } }]);
});

test("relay: while the target is away its effects wait, and arrive when it is back", async () => {
  const bench = setup();
  const id = bench.context.mint.messageId(fra);
  const item = { id: "r", events: [submittedEvent(id, "p1")], optOuts: [] };
  bench.faults.set(fra, "failed");
  await processRelay(bench.context, bench.syd, await enqueue(bench, bench.syd, lanes.relay(fra), [item]));
  expect((await bench.syd.depth()).get(lanes.relay(fra))?.items).toBe(1);
  bench.faults.clear();
  bench.advance(2_001);
  await processRelay(bench.context, bench.syd, await claim(bench.syd, lanes.relay(fra)));
  expect(await typesOf(bench.fra, id)).toEqual(["submitted"]);
});

test("poison: a failing chunk is taken apart until the bad item stands alone, and that one is kept", async () => {
  const bench = setup();
  const lane = lanes.inbox("bulk");
  await isolatePoison(
    bench.context,
    bench.syd,
    await enqueue(bench, bench.syd, lane, ["good", "bad"]),
    new Error("boom"),
  );
  let served = 0;
  for (let round = 0; round < 2 * CHUNK_DELIVERIES_MAX; round++) {
    bench.advance(60_001);
    for (const hold of await claim(bench.syd, lane)) {
      if (hold.items[0] === "bad") await isolatePoison(bench.context, bench.syd, [hold], new Error("boom"));
      else {
        await bench.syd.commit({ acks: [hold.lease] });
        served += 1;
      }
    }
  }
  expect(served).toBe(1);
  const dead = await itemsOn(bench.syd, lanes.dead);
  expect(dead).toMatchObject([{ item: "bad", error: "boom", deliveries: CHUNK_DELIVERIES_MAX }]);
});
