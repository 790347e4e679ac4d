/** Receipts and replies to customers on real sockets: nothing is lost, whoever is bound, answers or goes. */
import { expect, test } from "bun:test";
import type { PduFields } from "#core/smpp/pdu.ts";
import type { Answer } from "#core/smpp/session-options.ts";
import { createMemorySet } from "#core/store/memory/memory-set.ts";
import { deliverChunks, noticeChunks, noticesOf } from "#core/worker/notices.ts";
import { systemClock } from "#domain/clock.ts";
import type { MessageEvent } from "#domain/event.ts";
import { type AccountId, createIdMint, type MessageId, type ProviderId } from "#domain/ids.ts";
import { systemRandom } from "#domain/random.ts";
import { until } from "#testkit/until.ts";
import { openSmppWorld, type SmppWorld, submitOver } from "./testing/smpp-world.ts";

const acme = "acme" as AccountId;
const mint = createIdMint({ clock: systemClock, random: systemRandom });
const provider = "sim" as ProviderId;

/** What a worker commits when the receipt of a segment comes. */
async function receiptComes({ store }: SmppWorld, id: string, type: "delivered" | "undelivered" = "delivered") {
  const message = id as MessageId;
  const at = systemClock.now();
  const event: MessageEvent = { type, message, at, segment: 0, provider, providerMessageId: "p", error: "" };
  const chunks = noticeChunks(mint, noticesOf([event], new Map([[message, acme]])), at);
  expect((await store.commit({ events: [event], chunks })).type).toBe("committed");
}

async function replyComes({ store }: SmppWorld, text: string) {
  const reply = { type: "reply", id: mint.unique(), account: acme, from: "+61491570006", to: "+61480000001" } as const;
  await store.commit({ chunks: deliverChunks(mint, [{ ...reply, text, since: systemClock.now(), tries: 0 }]) });
}

/** A customer that keeps what it is sent. */
function customer(answer: (count: number) => Answer | Promise<Answer> = () => ({ status: 0 })) {
  const got: PduFields[] = [];
  return {
    got,
    ids: () => got.map((fields) => fields.receipted_message_id),
    onRequest: ({ fields }: { readonly fields: PduFields }) => {
      got.push({ ...fields });
      return answer(got.length);
    },
  };
}
const waiting = ({ data }: SmppWorld): number =>
  [...data.chunks.values()].filter(({ lane }) => lane === "deliver.acme").length;
const untilEmpty = (world: SmppWorld) => until("an empty lane", 20_000, () => waiting(world) === 0 || undefined);

test("receipts wait for a customer that is not bound, and come when it is, each once", async () => {
  await using world = await openSmppWorld();
  const sender = await world.bind({ bindAs: "tx" });
  const ids: string[] = [];
  for (let i = 0; i < 20; i++) ids.push((await submitOver(sender)).id);
  for (const id of ids) await receiptComes(world, id);
  await systemClock.sleep(500);
  expect(waiting(world)).toBe(20);
  const { got, ids: received, onRequest } = customer();
  await world.bind({ bindAs: "rx", onRequest });
  await untilEmpty(world);
  expect(received().toSorted()).toEqual(ids.toSorted());
  expect(new Set(got.map(({ message_state }) => message_state))).toEqual(new Set([2]));
});

test("a receipt that is refused, and one whose link is lost, come again until they are taken", async () => {
  await using world = await openSmppWorld();
  const refusing = customer((count) => ({ status: count === 1 ? 0x64 : 0 }));
  const session = await world.bind({ onRequest: refusing.onRequest });
  const { id } = await submitOver(session);
  await receiptComes(world, id);
  await until("the second try", 20_000, () => refusing.got.length === 2 || undefined);
  await untilEmpty(world);

  const silent = customer(() => new Promise(() => undefined));
  session.destroy();
  const leaving = await world.bind({ onRequest: silent.onRequest });
  const second = await submitOver(leaving);
  await receiptComes(world, second.id);
  await until("one in flight", 20_000, () => silent.got.length === 1 || undefined);
  leaving.destroy();
  const last = customer();
  await world.bind({ onRequest: last.onRequest });
  await untilEmpty(world);
  expect(last.ids()).toEqual([second.id]);
}, 30_000);

test("they are spread over the binds, and no bind has more of them unanswered than its window", async () => {
  await using world = await openSmppWorld({ smpp: { window: 5 } });
  const open = { a: 0, b: 0 };
  const most = { a: 0, b: 0 };
  const slow = (name: "a" | "b") => async (): Promise<Answer> => {
    open[name] += 1;
    most[name] = Math.max(most[name], open[name]);
    await systemClock.sleep(20);
    open[name] -= 1;
    return { status: 0 };
  };
  const [one, two] = [customer(slow("a")), customer(slow("b"))];
  const session = await world.bind({ onRequest: one.onRequest });
  await world.bind({ onRequest: two.onRequest });
  const ids: string[] = [];
  for (let i = 0; i < 60; i++) ids.push((await submitOver(session)).id);
  await Promise.all(ids.map((id) => receiptComes(world, id)));
  await until("all of them", 20_000, () => one.got.length + two.got.length === 60 || undefined);
  await untilEmpty(world);
  expect([...one.ids(), ...two.ids()].toSorted()).toEqual(ids.toSorted());
  expect(Math.min(one.got.length, two.got.length)).toBeGreaterThan(10);
  expect([most.a <= 5, most.b <= 5]).toEqual([true, true]);
});

test("a doubled receipt of the provider is one for the customer; a better one corrects the first", async () => {
  await using world = await openSmppWorld();
  const { got, onRequest } = customer();
  const session = await world.bind({ onRequest });
  const { id } = await submitOver(session);
  await receiptComes(world, id, "undelivered");
  await until("the first", 20_000, () => got.length === 1 || undefined);
  await systemClock.sleep(5);
  await receiptComes(world, id, "undelivered");
  await untilEmpty(world);
  expect(got.length).toBe(1);
  await receiptComes(world, id, "delivered");
  await untilEmpty(world);
  expect(got.map(({ message_state }) => message_state)).toEqual([5, 2]);
});

test("who asked for no receipt gets none, and replies come to the binds that receive", async () => {
  await using world = await openSmppWorld();
  const { got, onRequest } = customer();
  const session = await world.bind({ onRequest });
  const { id } = await submitOver(session, { registered_delivery: 0 });
  await receiptComes(world, id);
  await replyComes(world, "Yes");
  await untilEmpty(world);
  expect(got.map(({ esm_class, source_addr }) => [esm_class, source_addr])).toEqual([[0, "61491570006"]]);
});

test("what was being delivered when a process stops is settled, and the next one goes on with the rest", async () => {
  const data = createMemorySet();
  const first = await openSmppWorld({ data });
  const early = customer(async (count) => {
    if (count > 3) await systemClock.sleep(200);
    return { status: 0 };
  });
  const session = await first.bind({ onRequest: early.onRequest });
  const ids: string[] = [];
  for (let i = 0; i < 40; i++) ids.push((await submitOver(session)).id);
  for (const id of ids) await receiptComes(first, id);
  await until("some", 20_000, () => early.got.length >= 4 || undefined);
  await first[Symbol.asyncDispose]();
  await using second = await openSmppWorld({ data });
  const late = customer();
  await second.bind({ onRequest: late.onRequest });
  await untilEmpty(second);
  expect([...early.ids(), ...late.ids()].toSorted()).toEqual(ids.toSorted());
}, 30_000);

test("a customer that never answers holds nobody else up", async () => {
  await using world = await openSmppWorld();
  const silent = customer(() => new Promise(() => undefined));
  const deaf = await world.bind({ onRequest: silent.onRequest });
  await receiptComes(world, (await submitOver(deaf)).id);
  await until("one in flight", 20_000, () => silent.got.length === 1 || undefined);
  const { got, onRequest } = customer();
  const other = await world.bind({ systemId: "other", onRequest });
  const { id } = await submitOver(other);
  const at = systemClock.now();
  const message = id as MessageId;
  const event: MessageEvent = {
    type: "delivered",
    message,
    at,
    segment: 0,
    provider,
    providerMessageId: "q",
    error: "",
  };
  const waits = new Map([[message, "other" as AccountId]]);
  await world.store.commit({ events: [event], chunks: noticeChunks(mint, noticesOf([event], waits), at) });
  await until("the other's receipt", 20_000, () => got.length === 1 || undefined);
  deaf.destroy();
});
