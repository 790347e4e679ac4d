/** Who waits for the end of a message is told of it in the step that ends it, wherever that is. */
import { expect, test } from "bun:test";
import type { MessageId } from "#domain/ids.ts";
import { lanes } from "#domain/lane.ts";
import { DELIVER_HOURS_MAX } from "#domain/limits.ts";
import { retryDead } from "./dead-items.ts";
import { deliverChunks, noticeChunks, noticesOf } from "./notices.ts";
import { processInbox } from "./process-inbox.ts";
import { processReceipts } from "./process-receipts.ts";
import { processRelay } from "./process-relay.ts";
import { processReplies } from "./process-replies.ts";
import { sweepRound } from "./sweep.ts";
import {
  acceptedEvent,
  type Bench,
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
  START,
  setup,
  submittedEvent,
  syd,
} from "./testing/bench.ts";

const told = lanes.deliver(demo);
const HOUR_MS = 3_600_000;

const threeIds = ({ context: { mint } }: Bench): [MessageId, MessageId, MessageId] => [
  mint.messageId(syd),
  mint.messageId(syd),
  mint.messageId(syd),
];

test("routing: a message that has ended is told of; one that goes on, or that nobody waits for, is not", async () => {
  const bench = setup();
  const [gone, on, unheard] = threeIds(bench);
  const holds = await enqueue(bench, bench.syd, lanes.inbox("bulk"), [
    inboxItem(gone, { notify: true, expireAt: START }),
    inboxItem(on, { notify: true }),
    inboxItem(unheard, { expireAt: START }),
  ]);
  await processInbox(bench.context, bench.syd, holds);
  expect(await itemsOn(bench.syd, told)).toMatchObject([
    { type: "receipt", account: demo, message: gone, event: "lapsed", at: START, tries: 0 },
  ]);
});

test("receipts: told of by what the connector remembered, or the submit said; others are nobody's", async () => {
  const bench = setup();
  const [one, two, three] = threeIds(bench);
  await bench.syd.commit({
    events: [{ ...submittedEvent(two, "p2"), notify: demo } as never, submittedEvent(three, "p3")],
  });
  const items = [
    receipt(bench, "p1", { message: one, segment: 0, notify: demo }),
    receipt(bench, "p2", { state: "expired" }),
    receipt(bench, "p3"),
  ];
  await processReceipts(bench.context, bench.syd, await enqueue(bench, bench.syd, lanes.receipts, items));
  expect(await itemsOn(bench.syd, told)).toMatchObject([
    { message: one, event: "delivered", segment: 0 },
    { message: two, event: "expired", segment: 0 },
  ]);
});

test("receipts: of another set's message it is told there, in one step with the event", async () => {
  const bench = setup();
  const id = bench.context.mint.messageId(fra);
  await bench.fra.commit({ events: [{ ...submittedEvent(id, "p1"), notify: demo } as never] });
  const holds = await enqueue(bench, bench.syd, lanes.receipts, [receipt(bench, "p1")]);
  await processReceipts(bench.context, bench.syd, holds);
  expect(await itemsOn(bench.syd, told)).toEqual([]);
  expect((await bench.fra.depth()).has(told)).toBe(false);
  await processRelay(bench.context, bench.fra, bench.syd, await claim(bench.syd, lanes.relay(fra)));
  expect(await itemsOn(bench.fra, told)).toMatchObject([{ message: id, event: "delivered" }]);
  expect((await bench.fra.events.ofMessage(id)).map(({ type }) => type)).toEqual(["submitted", "delivered"]);
});

test("replies: to an account that takes them over SMPP, part by part; to no other", async () => {
  const bench = setup();
  const [number, other] = ["+61480000001", "+61480000009"];
  const message = bench.context.mint.messageId(syd);
  await bench.syd.commit({ events: [acceptedEvent(message, number, 1)] });
  const plain = await enqueue(bench, bench.syd, lanes.replies, [reply(bench)]);
  await processReplies(bench.context, bench.syd, plain);
  expect((await bench.syd.depth()).has(told)).toBe(false);

  const directory = bench.context.directory.current();
  const account = directory?.account(demo);
  const smpp = { replies: true };
  Object.assign(bench.context.directory, {
    current: () => ({ ...directory, account: () => ({ ...account, smpp }), accountOfNumber: () => undefined }),
  });
  const concat = { reference: 3, total: 2, index: 1 };
  const items = [reply(bench, { text: "part", concat }), reply(bench, { to: other })];
  await processReplies(bench.context, bench.syd, await enqueue(bench, bench.syd, lanes.replies, items));
  expect(await itemsOn(bench.syd, told)).toMatchObject([
    { type: "reply", account: demo, from: handset, to: number, text: "part", concat },
  ]);
});

test("what no bind takes for three days is given up: a receipt ends, a reply can be put back", async () => {
  const bench = setup();
  const { mint, clock } = bench.context;
  const message = mint.messageId(syd);
  const delivered = {
    type: "delivered",
    message,
    at: START,
    segment: 0,
    provider,
    providerMessageId: "",
    error: "",
  } as const;
  const receipts = noticeChunks(mint, noticesOf([delivered], new Map([[message, demo]])), START);
  const said = { type: "reply", id: "r", account: demo, from: handset, to: "+61480000001", text: "hi" } as const;
  const younger = START + HOUR_MS;
  const replies = deliverChunks(mint, [
    { ...said, since: START, tries: 7 },
    { ...said, id: "s", since: younger, tries: 1 },
  ]);
  await bench.syd.commit({ chunks: [...receipts, ...replies] });
  const sweep = () => sweepRound(bench.context, { store: bench.syd, owner: "test" });
  bench.advance(DELIVER_HOURS_MAX * HOUR_MS - 1);
  expect(await sweep()).toBe(0);
  bench.advance(1);
  expect(await sweep()).toBe(2);
  expect(await itemsOn(bench.syd, told)).toMatchObject([{ id: "s", tries: 1 }]);
  const [dead] = await bench.syd.dead({ max: 10 });
  expect(dead?.items).toMatchObject([
    { lane: told, item: { id: "r" }, error: "no bind of the account took it in time" },
  ]);

  bench.advance(2_000);
  const outcome = await retryDead(
    { store: bench.syd, clock, mint, owner: "test" },
    dead === undefined ? [] : [dead.id],
  );
  expect([...outcome.values()]).toEqual([{ type: "done" }]);
  expect(await itemsOn(bench.syd, told)).toMatchObject([{ id: "s" }, { id: "r", tries: 0, since: clock.now() }]);
});
