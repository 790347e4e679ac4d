/**
 * What every driver of the store promises, run against each of them. Times are short leases on the set's own clock; a
 * test waits for what it expects and never for a length of time.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { systemClock } from "#domain/clock.ts";
import type { E164, Sender } from "#domain/e164.ts";
import type { EventOf, MessageEvent } from "#domain/event.ts";
import {
  type AccountId,
  createIdMint,
  type MessageId,
  type ProviderId,
  type SetId,
  type WriterId,
} from "#domain/ids.ts";
import type { Lane } from "#domain/lane.ts";
import { CHUNK_ITEMS_MAX } from "#domain/limits.ts";
import { systemRandom } from "#domain/random.ts";
import { conversationKey, type EventBatch, type Lease, type NewChunk, optOutKey, type Store } from "./store.ts";

/** One set and several processes on it. */
export interface StoreFixture extends AsyncDisposable {
  readonly set: SetId;
  openStore(): Promise<Store>;
}

const mint = createIdMint({ clock: systemClock, random: systemRandom });
const account = "acme" as AccountId;
const provider = "sim" as ProviderId;
const LEASE_MS = 30_000;
const SHORT_LEASE_MS = 150;

export function accepted(id: MessageId, over: Partial<EventOf<"accepted">> = {}): EventOf<"accepted"> {
  return {
    type: "accepted",
    message: id,
    at: systemClock.now(),
    account,
    to: "+61400000001" as E164,
    from: "Godwit" as Sender,
    text: "hello",
    class: "transactional",
    encoding: "gsm7",
    segments: 1,
    ...over,
  };
}

function chunk(lane: Lane, items: readonly unknown[], over: Partial<NewChunk> = {}): NewChunk {
  return { id: mint.chunkId(), lane, items, ...over };
}

/** A lane nobody else uses. */
function freshLane(): Lane {
  return `test.${mint.unique()}` as Lane;
}

async function eventually<T>(find: () => Promise<T | undefined>): Promise<T> {
  const end = systemClock.monotonic() + 20_000;
  for (;;) {
    const found = await find();
    if (found !== undefined) return found;
    if (systemClock.monotonic() > end) throw new Error("Waited 20 s in vain");
    await systemClock.sleep(10);
  }
}

async function claimOne(store: Store, lane: Lane, leaseMs = LEASE_MS, markAhead = 0) {
  return eventually(async () => {
    const [hold] = await store.claim({ lanes: [lane], itemsMax: 1, leaseMs, owner: "test", markAhead });
    return hold;
  });
}

async function readAll(store: Store, writers?: readonly WriterId[]): Promise<readonly EventBatch[]> {
  const known = writers ?? (await store.events.writers()).map((record) => record.writer);
  return store.events.read(new Map(known.map((writer) => [writer, 0])), 10_000);
}

export function describeStore(name: string, openFixture: () => Promise<StoreFixture>): void {
  describe(`store: ${name}`, () => {
    let fixture: StoreFixture;
    let store: Store;
    let other: Store;
    beforeAll(async () => {
      fixture = await openFixture();
      store = await fixture.openStore();
      other = await fixture.openStore();
    });
    afterAll(async () => {
      await store[Symbol.asyncDispose]();
      await other[Symbol.asyncDispose]();
      await fixture[Symbol.asyncDispose]();
    });
    const messageId = (): MessageId => mint.messageId(fixture.set);

    describeSteps(() => ({ store, other, messageId }));
    describeLeases(() => ({ store, other, messageId }));
    describeMarks(() => ({ store, other, messageId }));
    describeLog(() => ({ store, other, messageId, openStore: () => fixture.openStore() }));
    describeSmallState(() => ({ store, other, messageId }));
  });
}

interface Bundle {
  readonly store: Store;
  readonly other: Store;
  readonly messageId: () => MessageId;
}

function describeSteps(setup: () => Bundle): void {
  test("commit() makes the events and chunks of a step visible to every process", async () => {
    const { store, other, messageId } = setup();
    const [lane, id] = [freshLane(), messageId()];
    const result = await store.commit({ events: [accepted(id)], chunks: [chunk(lane, [{ id }])] });
    expect(result.type).toBe("committed");
    expect(await other.events.ofMessage(id)).toEqual([accepted(id, { at: expect.any(Number) })]);
    expect((await claimOne(other, lane)).items).toEqual([{ id }]);
  });

  test("commit() of a chunk without events stores it once, however often it is repeated", async () => {
    const { store } = setup();
    const lane = freshLane();
    const same = chunk(lane, [1, 2, 3]);
    for (let i = 0; i < 3; i++) expect((await store.commit({ chunks: [same] })).type).toBe("committed");
    expect((await store.depth()).get(lane)).toMatchObject({ chunks: 1, items: 3 });
  });

  test("commit() acknowledges, appends and forwards all at once", async () => {
    const { store, messageId } = setup();
    const [from, to, id] = [freshLane(), freshLane(), messageId()];
    await store.commit({ chunks: [chunk(from, ["in"])] });
    const hold = await claimOne(store, from);
    const result = await store.commit({ acks: [hold.lease], events: [accepted(id)], chunks: [chunk(to, ["out"])] });
    expect(result.type).toBe("committed");
    const depth = await store.depth();
    expect([depth.get(from), depth.get(to)?.items]).toEqual([undefined, 1]);
  });

  test("commit() with one lost lease among several changes nothing at all", async () => {
    const { store, messageId } = setup();
    const [from, to, id] = [freshLane(), freshLane(), messageId()];
    await store.commit({ chunks: [chunk(from, ["a"]), chunk(from, ["b"])] });
    const [good, bad] = [await claimOne(store, from), await claimOne(store, from)];
    const stolen = { ...bad.lease, token: "of somebody else" } as Lease;
    const result = await store.commit({
      acks: [good.lease, stolen],
      events: [accepted(id)],
      chunks: [chunk(to, ["out"])],
      optOuts: [{ account, number: "+61400000999" as E164, out: true, at: 1 }],
    });
    expect(result.type).toBe("lease_lost");
    expect(await store.events.ofMessage(id)).toEqual([]);
    expect((await store.depth()).get(to)).toBeUndefined();
    expect((await store.depth()).get(from)?.chunks).toBe(2);
    expect(await store.optedOut([optOutKey(account, "+61400000999")])).toEqual(new Set());
    expect((await store.commit({ acks: [good.lease, bad.lease] })).type).toBe("committed");
  });

  test("commit() refuses a chunk beyond its bounds before anything is written", async () => {
    const { store } = setup();
    const lane = freshLane();
    const many = Array.from({ length: CHUNK_ITEMS_MAX + 1 }, (_, i) => i);
    expect(store.commit({ chunks: [chunk(lane, many)] })).rejects.toThrow(RangeError);
    expect(store.commit({ chunks: [chunk(lane, [])] })).rejects.toThrow("between 1 and");
    expect((await store.depth()).get(lane)).toBeUndefined();
  });

  test("200 commits at once from two processes are all there, once each", async () => {
    const { store, other, messageId } = setup();
    const lane = freshLane();
    const ids = Array.from({ length: 200 }, messageId);
    const results = await Promise.all(
      ids.map((id, i) =>
        (i % 2 ? store : other).commit({
          events: [accepted(id)],
          chunks: [chunk(lane, [{ id }])],
          urgent: i % 5 === 0,
        }),
      ),
    );
    expect(new Set(results.map((result) => result.type))).toEqual(new Set(["committed"]));
    expect((await store.depth()).get(lane)?.items).toBe(200);
    const seen = (await readAll(store)).flatMap((batch) => batch.events.map((event) => event.message));
    expect(ids.filter((id) => seen.filter((other) => other === id).length !== 1)).toEqual([]);
  });
}

function describeLeases(setup: () => Bundle): void {
  test("claim() returns no chunk twice while its lease holds, whoever asks", async () => {
    const { store, other } = setup();
    const lane = freshLane();
    await store.commit({ chunks: Array.from({ length: 40 }, (_, i) => chunk(lane, [i])) });
    const claims = await Promise.all(
      Array.from({ length: 16 }, (_, i) =>
        (i % 2 ? store : other).claim({ lanes: [lane], itemsMax: 5, leaseMs: LEASE_MS, owner: `w${i}` }),
      ),
    );
    const items = claims.flatMap((holds) => holds.flatMap((hold) => hold.items));
    expect(new Set(items).size).toBe(items.length);
  });

  test("claim() gathers small chunks up to itemsMax, and takes a larger one alone", async () => {
    const { store } = setup();
    const lane = freshLane();
    await store.commit({ chunks: Array.from({ length: 6 }, (_, i) => chunk(lane, [i, i])) });
    const holds = await store.claim({ lanes: [lane], itemsMax: 7, leaseMs: LEASE_MS, owner: "test" });
    expect(holds.flatMap((hold) => hold.items).length).toBe(6);
    expect((await store.claim({ lanes: [lane], itemsMax: 1, leaseMs: LEASE_MS, owner: "test" })).length).toBe(1);
  });

  test("claim() leaves other lanes and delayed chunks alone", async () => {
    const { store } = setup();
    const [lane, elsewhere] = [freshLane(), freshLane()];
    await store.commit({ chunks: [chunk(lane, ["later"], { delayMs: 400 }), chunk(elsewhere, ["not mine"])] });
    const before = systemClock.monotonic();
    expect(await store.claim({ lanes: [lane], itemsMax: 10, leaseMs: LEASE_MS, owner: "test" })).toEqual([]);
    expect((await claimOne(store, lane)).items).toEqual(["later"]);
    expect(systemClock.monotonic() - before).toBeGreaterThan(250);
  });

  test("a lapsed lease is another's: the late settle is refused and leaves no trace", async () => {
    const { store, other, messageId } = setup();
    const [lane, id] = [freshLane(), messageId()];
    await store.commit({ chunks: [chunk(lane, ["work"])] });
    const late = await claimOne(store, lane, SHORT_LEASE_MS);
    const takeover = await claimOne(other, lane);
    expect(takeover.deliveries).toBe(late.deliveries + 1);
    expect((await store.commit({ acks: [late.lease], events: [accepted(id)] })).type).toBe("lease_lost");
    expect(await store.events.ofMessage(id)).toEqual([]);
    expect((await other.commit({ acks: [takeover.lease] })).type).toBe("committed");
  });

  test("an acknowledgement is judged by its token: late but not taken over is in time", async () => {
    const { store } = setup();
    const lane = freshLane();
    await store.commit({ chunks: [chunk(lane, ["slow"])] });
    const hold = await claimOne(store, lane, SHORT_LEASE_MS);
    await eventually(async () => (systemClock.monotonic() > hold.deadline + SHORT_LEASE_MS ? true : undefined));
    expect((await store.commit({ acks: [hold.lease] })).type).toBe("committed");
  });

  test("renew() keeps what is still ours and leaves out what is lost", async () => {
    const { store, other } = setup();
    const [kept, lost] = [freshLane(), freshLane()];
    await store.commit({ chunks: [chunk(kept, ["kept"]), chunk(lost, ["lost"])] });
    const mine = await claimOne(store, kept, LEASE_MS);
    const gone = await claimOne(store, lost, SHORT_LEASE_MS);
    await claimOne(other, lost);
    const renewed = await store.renew([mine, gone], LEASE_MS);
    expect(renewed.map((hold) => hold.lease)).toEqual([mine.lease]);
    expect(renewed[0]?.deadline).toBeGreaterThanOrEqual(mine.deadline);
  });

  test("release() makes a chunk ready again after its delay, and only if it is still ours", async () => {
    const { store, other } = setup();
    const lane = freshLane();
    await store.commit({ chunks: [chunk(lane, ["again"])] });
    const first = await claimOne(store, lane);
    await store.release([first.lease], 0);
    const second = await claimOne(other, lane);
    await store.release([first.lease], 0);
    expect(await store.claim({ lanes: [lane], itemsMax: 1, leaseMs: LEASE_MS, owner: "test" })).toEqual([]);
    expect((await other.commit({ acks: [second.lease] })).type).toBe("committed");
  });
}

function describeMarks(setup: () => Bundle): void {
  test("claim() raises the send mark within the chunk, and a takeover sees what may have been sent", async () => {
    const { store, other, messageId } = setup();
    const lane = freshLane();
    await store.commit({ chunks: [chunk(lane, ["a", "b"], { positions: 5 })] });
    const hold = await claimOne(store, lane, LEASE_MS, 3);
    expect(hold.progress).toEqual({ positions: 5, mark: 3, priorMark: 0, settledTo: 0, settledBeyond: [] });
    const advance = { lease: hold.lease, mark: 4, settledTo: 1, settledBeyond: [2] };
    const id = messageId();
    expect((await store.commit({ marks: [advance], events: [accepted(id)] })).type).toBe("committed");
    await store.release([hold.lease], 0);
    const takeover = await claimOne(other, lane, LEASE_MS, 3);
    expect(takeover.progress).toEqual({ positions: 5, mark: 5, priorMark: 4, settledTo: 1, settledBeyond: [2] });
    expect((await store.events.ofMessage(id)).length).toBe(1);
  });

  test("commit() of a mark under a lost lease is refused whole", async () => {
    const { store, other, messageId } = setup();
    const [lane, id] = [freshLane(), messageId()];
    await store.commit({ chunks: [chunk(lane, ["a"], { positions: 9 })] });
    const late = await claimOne(store, lane, SHORT_LEASE_MS, 1);
    const takeover = await claimOne(other, lane, LEASE_MS, 1);
    const advance = { lease: late.lease, mark: 9, settledTo: 9, settledBeyond: [] };
    expect((await store.commit({ marks: [advance], events: [accepted(id)] })).type).toBe("lease_lost");
    expect(await store.events.ofMessage(id)).toEqual([]);
    await other.release([takeover.lease], 0);
    expect((await claimOne(other, lane, LEASE_MS, 1)).progress).toMatchObject({ settledTo: 0, priorMark: 2 });
  });
}

function describeLog(setup: () => Bundle & { readonly openStore: () => Promise<Store> }): void {
  test("events.read() returns each writer's batches in order, without gaps, from any position", async () => {
    const { store, openStore, messageId } = setup();
    const own = await openStore();
    const before = new Set((await store.events.writers()).map((record) => record.writer));
    for (let i = 0; i < 5; i++) await own.commit({ events: [accepted(messageId())] });
    const fresh = (await store.events.writers()).filter((record) => !before.has(record.writer));
    expect(fresh.every((record) => !record.closed)).toBe(true);
    await own[Symbol.asyncDispose]();

    const batches = await readAll(
      store,
      fresh.map((record) => record.writer),
    );
    for (const { writer } of fresh) {
      const sequences = batches.filter((batch) => batch.writer === writer).map((batch) => batch.sequence);
      expect(sequences).toEqual(sequences.map((_, i) => i + 1));
      expect(batches.filter((batch) => batch.writer === writer).at(-1)?.kind).toBe("closed");
      const tail = await store.events.read(new Map([[writer, sequences.length - 1]]), 10);
      expect(tail.map((batch) => batch.sequence)).toEqual([sequences.length]);
    }
    expect(batches.flatMap((batch) => batch.events).length).toBe(5);
    const records = (await store.events.writers()).filter((record) => !before.has(record.writer));
    expect(records.every((record) => record.closed)).toBe(true);
  });

  test("endSilentWriters() fences a silent writer, whose process goes on under a new one", async () => {
    const { store, openStore, messageId } = setup();
    const own = await openStore();
    const before = new Set((await store.events.writers()).map((record) => record.writer));
    const [first, second] = [messageId(), messageId()];
    await own.commit({ events: [accepted(first)] });
    expect(await eventually(async () => (await store.events.endSilentWriters(0)) || undefined)).toBeGreaterThan(0);
    expect((await own.commit({ events: [accepted(second)] })).type).toBe("committed");
    const fresh = (await store.events.writers()).filter((record) => !before.has(record.writer));
    const batches = await readAll(
      store,
      fresh.map((record) => record.writer),
    );
    const holder = (id: MessageId): WriterId | undefined =>
      batches.find((batch) => batch.events.some((event) => event.message === id))?.writer;
    expect(holder(second)).not.toBe(holder(first));
    const ended = batches.filter((batch) => batch.writer === holder(first)).map((batch) => batch.kind);
    expect(ended).toEqual(["events", "closed"]);
    await own[Symbol.asyncDispose]();
  });

  test("findSubmitted() matches by provider and id, over many batches", async () => {
    const { store, messageId } = setup();
    const submits = Array.from(
      { length: 20 },
      (_, i): MessageEvent => ({
        type: "submitted",
        message: messageId(),
        at: 1_000 + i,
        segment: i % 3,
        attempt: 1,
        provider,
        providerMessageId: mint.unique(),
      }),
    );
    for (let i = 0; i < 20; i += 5) await store.commit({ events: submits.slice(i, i + 5) });
    const ids = submits.flatMap((event) => (event.type === "submitted" ? event.providerMessageId : []));
    const found = await store.events.findSubmitted(provider, [...ids, "never seen"]);
    expect(found.size).toBe(20);
    const third = submits[2];
    expect(found.get(ids[2] ?? "")).toEqual({ message: third?.message as MessageId, segment: 2, at: 1_002 });
    expect((await store.events.findSubmitted("else" as ProviderId, ids)).size).toBe(0);
  });

  test("findConversations() finds the newest message from each number to each handset", async () => {
    const { store, messageId } = setup();
    const handset = `+6140${systemClock.now().toString().slice(-7)}` as E164;
    const [one, two] = ["+61480000001" as Sender, "+61480000002" as Sender];
    const [old, newer, beside] = [messageId(), messageId(), messageId()];
    await store.commit({
      events: [
        accepted(newer, { to: handset, from: one, at: 2_000 }),
        accepted(old, { to: handset, from: one, at: 1_000 }),
      ],
    });
    await store.commit({ events: [accepted(beside, { to: handset, from: two, at: 3_000 })] });
    const keys = [conversationKey(one, handset), conversationKey(two, handset), conversationKey(two, "+61499999999")];
    const found = await store.events.findConversations(keys);
    expect(keys.map((key) => found.get(key)?.message)).toEqual([newer, beside, undefined]);
    expect(found.get(conversationKey(one, handset))?.account).toBe(account);
  });
}

function describeSmallState(setup: () => Bundle): void {
  test("opt-outs: the later change wins in any order, and only that number of that account is out", async () => {
    const { store, other } = setup();
    const number = `+6141${systemClock.now().toString().slice(-7)}` as E164;
    await store.commit({ optOuts: [{ account, number, out: true, at: 20 }] });
    await other.commit({ optOuts: [{ account, number, out: false, at: 10 }] });
    const keys = [optOutKey(account, number), optOutKey("other" as AccountId, number)];
    expect(await store.optedOut(keys)).toEqual(new Set(keys.slice(0, 1)));
    await other.commit({ optOuts: [{ account, number, out: false, at: 30 }] });
    expect(await store.optedOut(keys)).toEqual(new Set());
  });

  test("directory: a lower or equal version is ignored", async () => {
    const { store, other } = setup();
    await store.directory.write({ version: 5, body: { five: "$not a field" } });
    await other.directory.write({ version: 4, body: { four: true } });
    await other.directory.write({ version: 5, body: { another: true } });
    expect(await other.directory.read()).toEqual({ version: 5, body: { five: "$not a field" } });
  });

  test("ping() resolves while the set can be reached", async () => {
    await setup().store.ping();
  });
}
