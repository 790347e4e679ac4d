/** A provider without live connectors strands nothing, and a connector that lives is not disturbed. */
import { expect, test } from "bun:test";
import type { Hold, Store } from "#core/store/store.ts";
import { foldEvents, statusOf } from "#domain/fold.ts";
import type { MessageId } from "#domain/ids.ts";
import type { SubmitItem } from "#domain/item.ts";
import { lanes } from "#domain/lane.ts";
import { toSubmitChunks } from "./chunks.ts";
import { sweepRound } from "./sweep.ts";
import { acceptedEvent, type Bench, inboxItem, itemsOn, provider, setup, syd, typesOf } from "./testing/bench.ts";

const lane = lanes.submit(provider, "bulk");
const SECOND = 1_000;

async function put(bench: Bench, ...expiries: readonly (number | undefined)[]): Promise<readonly SubmitItem[]> {
  const now = bench.context.clock.now();
  const items = expiries.map((after): SubmitItem => {
    const over = after === undefined ? {} : { expireAt: now + after };
    return { ...inboxItem(bench.context.mint.messageId(syd), over), provider, attempt: 1, tries: 0 };
  });
  const events = items.map(({ id }) => acceptedEvent(id, "Shop", 1));
  await bench.syd.commit({ events, chunks: toSubmitChunks(bench.context.mint, lane, items) });
  return items;
}
const round = ({ context }: Bench, store: Store): Promise<number> => sweepRound(context, { store, owner: "sweep" });
async function connect(store: Store, leaseMs = SECOND): Promise<Hold> {
  const [hold] = await store.claim({ lanes: [lane], itemsMax: 9, leaseMs, owner: "connector", markAhead: 1 });
  if (hold === undefined) throw new Error("Nothing was claimed");
  return hold;
}
async function statusIn({ syd: store }: Bench, { id }: { readonly id: MessageId }): Promise<string> {
  return statusOf(foldEvents(await store.events.ofMessage(id)));
}

test("each message ends when it expires, and the others go on waiting for a connector", async () => {
  const bench = setup();
  const [soon, later, patient] = await put(bench, SECOND, 10 * SECOND, undefined);
  if (soon === undefined || later === undefined || patient === undefined) throw new Error("No items");
  expect(await round(bench, bench.syd)).toBe(0);
  bench.advance(SECOND);
  expect(await round(bench, bench.syd)).toBe(1);
  expect([await statusIn(bench, soon), await statusIn(bench, later)]).toEqual(["expired", "accepted"]);
  expect(await round(bench, bench.syd)).toBe(0);
  bench.advance(9 * SECOND);
  expect(await round(bench, bench.syd)).toBe(1);
  expect(await statusIn(bench, later)).toBe("expired");
  bench.advance(1_000 * SECOND);
  expect(await round(bench, bench.syd)).toBe(0);
  expect(await itemsOn(bench.syd, lane)).toEqual([patient]);
});

test("a chunk that a connector holds is its own; when it dies, what it may have sent is in doubt", async () => {
  const bench = setup();
  const [sent, clean] = await put(bench, SECOND, SECOND);
  if (sent === undefined || clean === undefined) throw new Error("No items");
  await connect(bench.syd, 5 * SECOND);
  bench.advance(2 * SECOND);
  expect(await round(bench, bench.syd)).toBe(0);
  bench.advance(3 * SECOND);
  expect(await round(bench, bench.syd)).toBe(1);
  expect(await typesOf(bench.syd, sent.id)).toEqual(["accepted", "in_doubt", "unknown"]);
  expect([await statusIn(bench, sent), await statusIn(bench, clean)]).toEqual(["unknown", "expired"]);
  expect([...(await bench.syd.depth()).keys()]).toEqual([lanes.refunds]);
});

test("a doubt that has not expired is decided at once, so that its chunk is not found again and again", async () => {
  const bench = setup();
  const [sent, late] = await put(bench, 100 * SECOND, SECOND);
  if (sent === undefined || late === undefined) throw new Error("No items");
  await connect(bench.syd);
  bench.advance(SECOND);
  expect(await round(bench, bench.syd)).toBe(1);
  expect(await bench.syd.events.ofMessage(sent.id)).toMatchObject([{}, { type: "in_doubt", policy: "resend" }]);
  expect(await statusIn(bench, late)).toBe("expired");
  expect(await round(bench, bench.syd)).toBe(0);
  const again = await connect(bench.syd);
  expect(again).toMatchObject({ items: [{ id: sent.id, doubts: 1 }], progress: { priorMark: 0 } });
});

test("a connector that comes back late is refused, and a step of ours that is refused changes nothing", async () => {
  const bench = setup();
  const [item] = await put(bench, SECOND);
  if (item === undefined) throw new Error("No item");
  const late = await connect(bench.syd);
  bench.advance(SECOND);
  bench.faults.set(syd, "failed");
  expect(await round(bench, bench.syd)).toBe(0);
  bench.faults.clear();
  expect(await typesOf(bench.syd, item.id)).toEqual(["accepted"]);
  bench.advance(2 * SECOND);
  expect(await round(bench, bench.syd)).toBe(1);
  expect((await bench.syd.commit({ acks: [late.lease] })).type).toBe("lease_lost");
  expect(await statusIn(bench, item)).toBe("unknown");
});

test("where our clock is behind the set's, the set is right: nothing is written again and again", async () => {
  const bench = setup();
  const [item] = await put(bench, SECOND);
  if (item === undefined) throw new Error("No item");
  bench.advance(SECOND);
  const clock = { ...bench.context.clock, now: () => bench.context.clock.now() - SECOND / 2 };
  expect(await sweepRound({ ...bench.context, clock }, { store: bench.syd, owner: "sweep" })).toBe(1);
  expect(await statusIn(bench, item)).toBe("expired");
});

test("an unreadable item that expired first takes nobody with it", async () => {
  const bench = setup();
  const { mint, clock } = bench.context;
  const now = clock.now();
  const later = { ...inboxItem(mint.messageId(syd), { expireAt: now + 60 * SECOND }), provider, attempt: 1, tries: 0 };
  const id = mint.chunkId();
  const items = [{ id: mint.messageId(syd), expireAt: "soon" }, later];
  await bench.syd.commit({ chunks: [{ id, lane, items, positions: 2, actBy: now + SECOND }] });
  bench.advance(SECOND);
  expect(await round(bench, bench.syd)).toBe(1);
  expect(await itemsOn(bench.syd, lane)).toEqual([later]);
  expect(await itemsOn(bench.syd, lanes.dead)).toMatchObject([{ lane }]);
  expect(await round(bench, bench.syd)).toBe(0);
});

test("a set that may not send is left alone: what it holds may have been sent long ago", async () => {
  const bench = setup();
  await put(bench, SECOND);
  bench.advance(SECOND);
  for (const state of ["readonly", "retired"] as const) {
    bench.states.set(syd, state);
    expect(await round(bench, bench.syd)).toBe(0);
  }
  bench.states.set(syd, "drain");
  expect(await round(bench, bench.syd)).toBe(1);
});
