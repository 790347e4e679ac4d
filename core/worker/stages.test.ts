/** The worker's stages one by one. */
import { expect, test } from "bun:test";
import { createDirectory } from "#core/directory/write-directory.ts";
import { turnKey } from "#core/store/effect-keys.ts";
import { optOutKey } from "#core/store/store.ts";
import { foldEvents, replyText } from "#domain/fold.ts";
import type { MessageId, SetId } from "#domain/ids.ts";
import { lanes } from "#domain/lane.ts";
import { RECEIPT_PARK_HOURS_MAX } from "#domain/limits.ts";
import { processInbox } from "./process-inbox.ts";
import { processReceipts } from "./process-receipts.ts";
import { processRelay } from "./process-relay.ts";
import { keywordOf, processReplies } from "./process-replies.ts";
import {
  acceptedEvent,
  claim,
  demo,
  enqueue,
  fra,
  handset,
  inboxItem,
  itemsOn,
  provider,
  receipt,
  reply,
  setup,
  submittedEvent,
  syd,
  typesOf,
} from "./testing/bench.ts";

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

test("inbox: of a scheduled message and its cancellation the first step counts, whichever that is", async () => {
  const bench = setup();
  const [before, between, after] = [0, 1, 2].map(() => bench.context.mint.messageId(syd)) as [
    MessageId,
    MessageId,
    MessageId,
  ];
  const at = bench.context.clock.now();
  const cancel = (message: MessageId) =>
    bench.syd.commit({
      events: [{ type: "rejected", message, at, reason: "cancelled", detail: "" }],
      sendKeys: [turnKey(message, at)],
    });
  await cancel(before);
  const items = [before, between, after].map((id) => inboxItem(id, { notBefore: at }));
  const holds = await enqueue(bench, bench.syd, lanes.inbox("bulk"), items);
  // Between the worker's look and its step.
  let looks = 0;
  const { events } = bench.syd;
  const ofMessages = events.ofMessages.bind(events);
  Object.assign(events, {
    async ofMessages(ids: readonly MessageId[]) {
      const known = await ofMessages(ids);
      looks += 1;
      if (looks === 1) await cancel(between);
      return known;
    },
  });
  await processInbox(bench.context, bench.syd, holds);
  expect(looks).toBe(2);
  expect((await cancel(after)).type).toBe("key_taken");
  expect(await Promise.all([before, between, after].map((id) => typesOf(bench.syd, id)))).toEqual([
    ["rejected"],
    ["rejected"],
    ["routed", "billed"],
  ]);
  expect((await bench.syd.depth()).has(lanes.inbox("bulk"))).toBe(false);
  expect(await itemsOn(bench.syd, lanes.submit(provider, "bulk"))).toMatchObject([{ id: after }]);
});

test("inbox: a scheduled message that came back from lane dead needs no second turn", async () => {
  const bench = setup();
  const id = bench.context.mint.messageId(syd);
  for (const times of [1, 2]) {
    const holds = await enqueue(bench, bench.syd, lanes.inbox("bulk"), [inboxItem(id, { notBefore: 1 })]);
    await processInbox(bench.context, bench.syd, holds);
    expect((await typesOf(bench.syd, id)).filter((type) => type === "routed")).toHaveLength(times);
  }
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
  await processRelay(bench.context, bench.fra, bench.syd, await claim(bench.syd, lanes.relay(fra)));
  bench.faults.clear();
  bench.advance(2_001);
  await processRelay(bench.context, bench.fra, bench.syd, await claim(bench.syd, lanes.relay(fra)));
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
  await processRelay(bench.context, bench.fra, bench.syd, await claim(bench.syd, lanes.relay(fra)));
  expect(await typesOf(bench.syd, old)).toEqual(["accepted"]);
  expect((await bench.fra.events.ofMessage(one)).at(-1)).toMatchObject({ type: "replied", text: "to one" });
  expect((await bench.syd.events.ofMessage(two)).at(-1)).toMatchObject({ type: "replied", text: "to two" });
});

test("reply: of two messages of one millisecond both parts find the same, whichever set answers first", async () => {
  const bench = setup();
  const [one, two] = [bench.context.mint.messageId(syd), bench.context.mint.messageId(fra)];
  await bench.syd.commit({ events: [acceptedEvent(one, "+61480000001", 10)] });
  await bench.fra.commit({ events: [acceptedEvent(two, "+61480000001", 10)] });
  const sets = [...bench.context.stores];
  for (const [i, stores] of [sets, sets.toReversed()].entries()) {
    const part = reply(bench, { text: `${i}`, concat: { reference: 7, total: 2, index: i + 1 } });
    bench.advance(60_000);
    const holds = await enqueue(bench, bench.syd, lanes.replies, [part]);
    await processReplies({ ...bench.context, stores: new Map(stores) }, bench.syd, holds);
  }
  expect(await typesOf(bench.syd, one)).toEqual(["accepted", "replied", "replied"]);
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
    await processRelay(bench.context, bench.fra, bench.syd, await claim(bench.syd, lanes.relay(fra)));
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
  await processRelay(bench.context, bench.fra, bench.syd, await enqueue(bench, bench.syd, lanes.relay(fra), [item]));
  expect((await bench.syd.depth()).get(lanes.relay(fra))?.items).toBe(1);
  bench.faults.clear();
  bench.advance(2_001);
  await processRelay(bench.context, bench.fra, bench.syd, await claim(bench.syd, lanes.relay(fra)));
  expect(await typesOf(bench.fra, id)).toEqual(["submitted"]);
});

test("relay: with one lost lease among several, what is dead is written once", async () => {
  const bench = setup();
  const lane = lanes.relay(fra);
  const lost = await enqueue(bench, bench.syd, lane, [{ garbage: 1 }]);
  const kept = [
    ...(await enqueue(bench, bench.syd, lane, [{ garbage: 2 }])),
    ...(await enqueue(bench, bench.syd, lane, [{ garbage: 3 }])),
  ];
  await bench.syd.release(
    lost.map((hold) => hold.lease),
    0,
  );
  await processRelay(bench.context, bench.fra, bench.syd, [...lost, ...kept]);
  const dead = (await itemsOn(bench.syd, lanes.dead)).map((item) => (item as { item: unknown }).item);
  expect(dead).toEqual([{ garbage: 2 }, { garbage: 3 }]);
});

test("receipt: one without a provider id is buried at once and matches no submit without one", async () => {
  const bench = setup();
  const id = bench.context.mint.messageId(syd);
  await bench.syd.commit({ events: [submittedEvent(id, "")] });
  const holds = await enqueue(bench, bench.syd, lanes.receipts, [receipt(bench, "")]);
  await processReceipts(bench.context, bench.syd, holds);
  expect(await typesOf(bench.syd, id)).toEqual(["submitted"]);
  expect(await itemsOn(bench.syd, lanes.dead)).toMatchObject([{ error: "the receipt has no provider id" }]);
});

test("receipt: one that matches nothing is asked for every 15 s at first, hourly in the end", async () => {
  const bench = setup();
  const hour = 3_600_000;
  let holds = await enqueue(bench, bench.syd, lanes.receipts, [receipt(bench, "p9")]);
  const asked: number[] = [];
  const start = bench.context.clock.now();
  for (let age = 0; age < RECEIPT_PARK_HOURS_MAX * hour; age = bench.context.clock.now() - start) {
    if (holds.length > 0) asked.push(age);
    await processReceipts(bench.context, bench.syd, holds);
    bench.advance(Math.max(100, Math.min(60_000, age / 50)));
    holds = await claim(bench.syd, lanes.receipts);
  }
  const early = asked.filter((age) => age < hour / 6);
  const longest = (ages: readonly number[]): number => Math.max(...ages.map((age, i) => age - (ages[i - 1] ?? 0)));
  expect(early.length).toBeWithin(40, 60);
  expect(longest(early)).toBeLessThan(1.8 * 15_000);
  expect(asked.length - early.length).toBeWithin(65, 90);
  expect(longest(asked)).toBeLessThan(1.05 * hour);
});

test("reply: the parts of one that comes around midnight have one key, and whole days later another", async () => {
  const bench = setup();
  const id = bench.context.mint.messageId(syd);
  const day = 86_400_000;
  const midnight = Math.ceil(bench.context.clock.now() / day) * day;
  await bench.syd.commit({ events: [acceptedEvent(id, "+61480000001", midnight - 20_000)] });
  const part = (index: number, receivedAt: number) =>
    reply(bench, { text: `${index}`, receivedAt, concat: { reference: 7, total: 2, index } });
  const items = [part(1, midnight - 1), part(2, midnight + 1), part(1, midnight + day)];
  bench.advance(3 * day);
  await processReplies(bench.context, bench.syd, await enqueue(bench, bench.syd, lanes.replies, items));
  const { replies } = foldEvents(await bench.syd.events.ofMessage(id));
  expect(Object.values(replies).map(replyText)).toEqual(["12", undefined]);
});

test("inbox: what a stale directory has no route for is tried again within its age, and then refused", async () => {
  const bench = setup();
  const id = bench.context.mint.messageId(syd);
  const fresh = bench.context.directory;
  const bare = createDirectory({ accounts: [], routes: [], numbers: [] });
  const stale = { ...bench.context, directory: { ...fresh, current: () => bare } };
  const lane = lanes.inbox("bulk");
  await processInbox(stale, bench.syd, await enqueue(bench, bench.syd, lane, [inboxItem(id)]));
  expect(await typesOf(bench.syd, id)).toEqual([]);
  bench.advance(1_000);
  await processInbox(bench.context, bench.syd, await claim(bench.syd, lane));
  expect(await typesOf(bench.syd, id)).toEqual(["routed", "billed"]);
  const other = bench.context.mint.messageId(syd);
  await processInbox(stale, bench.syd, await enqueue(bench, bench.syd, lane, [inboxItem(other)]));
  bench.advance(10_000);
  await processInbox(stale, bench.syd, await claim(bench.syd, lane));
  expect(await typesOf(bench.syd, other)).toEqual(["rejected"]);
});

test("receipt: one for a message of a retired set is kept on lane dead, and retired sets are not asked", async () => {
  const bench = setup();
  bench.states.set(fra, "retired");
  const id = bench.context.mint.messageId(fra);
  Object.assign(bench.fra, {
    events: { ...bench.fra.events, findSubmitted: () => Promise.reject(new Error("asked")) },
  });
  const known = receipt(bench, "p1", { message: id, segment: 0 });
  const holds = await enqueue(bench, bench.syd, lanes.receipts, [known, receipt(bench, "p2")]);
  await processReceipts(bench.context, bench.syd, holds);
  expect(await itemsOn(bench.syd, lanes.dead)).toMatchObject([{ item: { id: known.id }, lane: "receipts" }]);
  expect((await bench.syd.depth()).has(lanes.relay(fra))).toBe(false);
});

test("reply: STOP reaches every set in use, one without an address here too, and none that is retired", async () => {
  const bench = setup();
  bench.states.set(fra, "retired");
  Object.assign(bench.context.directory, { unknownSets: () => ["sin1" as SetId] });
  await bench.syd.commit({ events: [acceptedEvent(bench.context.mint.messageId(syd), "+61480000001", 1)] });
  const holds = await enqueue(bench, bench.syd, lanes.replies, [reply(bench, { text: "STOP" })]);
  await processReplies(bench.context, bench.syd, holds);
  expect(await bench.syd.optedOut([optOutKey(demo, handset)])).toEqual(new Set([optOutKey(demo, handset)]));
  const depth = await bench.syd.depth();
  expect([depth.has(lanes.relay(fra)), depth.has(lanes.relay("sin1" as SetId))]).toEqual([false, true]);
});
