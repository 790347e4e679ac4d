/** The event log: gapless, append-only, found again by its keys (invariant I4). */
import { expect, test } from "bun:test";
import { systemClock } from "#domain/clock.ts";
import type { E164, Sender } from "#domain/e164.ts";
import type { MessageEvent } from "#domain/event.ts";
import type { MessageId, ProviderId, WriterId } from "#domain/ids.ts";
import { TIMELINE_BATCHES_MAX } from "#domain/limits.ts";
import { conversationKey, type EventBatch, type Store } from "../store.ts";
import { accepted, account, type Bundle, eventually, mint, provider, readAll } from "./kit.ts";

type Setup = () => Bundle & { readonly openStore: () => Promise<Store> };

export function describeLog(setup: Setup): void {
  describeReads(setup);
  describeWriters(setup);
}

function describeReads(setup: Setup): void {
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

  test("events.read() stops with the batch that fills its bound of events", async () => {
    const { openStore, messageId } = setup();
    const own = await openStore();
    const before = new Set((await own.events.writers()).map((record) => record.writer));
    for (let i = 0; i < 5; i++) await own.commit({ events: [accepted(messageId()), accepted(messageId())] });
    const [fresh] = (await own.events.writers()).filter(({ writer }) => !before.has(writer));
    if (fresh === undefined) throw new Error("The steps opened no writer");
    const sequences = async (after: number, eventsMax: number): Promise<readonly number[]> =>
      (await own.events.read(new Map([[fresh.writer, after]]), 100, eventsMax)).map(({ sequence }) => sequence);
    expect(await sequences(0, 3)).toEqual([1, 2]);
    expect(await sequences(2, 1)).toEqual([3]);
    await own[Symbol.asyncDispose]();
  });
}

function describeWriters(setup: Setup): void {
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

  test("putBack() gives a set batches that it lost, under their own numbers; a taken one stays as it is", async () => {
    const { store, other, messageId } = setup();
    const [one, two, three] = [messageId(), messageId(), messageId()];
    const batch = (sequence: number, id: MessageId): EventBatch => {
      return { writer, sequence, at: systemClock.now(), kind: "events", events: [accepted(id)] };
    };
    const writer = mint.writerId();
    const batches = [batch(1, one), batch(2, two)];
    expect(await store.events.putBack(batches)).toEqual([]);
    expect(await other.events.putBack(batches)).toEqual([]);
    const another = batch(2, three);
    expect(await store.events.putBack([another])).toEqual([another]);
    expect((await readAll(other, [writer])).map(({ events }) => events[0]?.message)).toEqual([one, two]);
    expect(await other.events.ofMessage(two)).toHaveLength(1);
    expect((await store.events.writers()).filter((record) => record.writer === writer)).toMatchObject([
      { closed: false },
    ]);
  });
}

function submitted(message: MessageId, providerMessageId: string, at: number): MessageEvent {
  return { type: "submitted", message, at, segment: 0, attempt: 1, provider, providerMessageId };
}

export function describeLookUps(setup: () => Bundle): void {
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
    expect(found.get(ids[2] ?? "")).toEqual([{ message: third?.message as MessageId, segment: 2, at: 1_002 }]);
    expect((await store.events.findSubmitted("else" as ProviderId, ids)).size).toBe(0);
  });

  test("findSubmitted() of an id that was used again has the newest submit first, whenever they came", async () => {
    const { store, messageId } = setup();
    const [id, other] = [mint.unique(), mint.unique()];
    const [one, two, three, four] = Array.from({ length: 4 }, messageId).toSorted() as [MessageId, ...MessageId[]];
    const submits = [
      submitted(one, id, 3_000),
      submitted(four as MessageId, id, 2_000),
      submitted(three as MessageId, id, 3_000),
      submitted(two as MessageId, id, 3_000),
    ];
    for (const event of submits) await store.commit({ events: [event, submitted(messageId(), other, 1_500)] });
    const found = await store.events.findSubmitted(provider, [id, other]);
    expect(found.get(id)?.map(({ message }) => message)).toEqual([three, two, one, four] as MessageId[]);
    expect(found.get(other)?.[0]?.at).toBe(1_500);
  });

  test("findSubmitted() finds nothing by no id, even where a provider gave none", async () => {
    const { store, messageId } = setup();
    await store.commit({ events: [submitted(messageId(), "", 1_000)] });
    expect((await store.events.findSubmitted(provider, [""])).size).toBe(0);
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

export function describeMessages(setup: () => Bundle): void {
  test("ofMessage() of a message with more batches than are read still has its oldest", async () => {
    const { store, messageId } = setup();
    const id = messageId();
    await store.commit({ events: [accepted(id)] });
    for (let i = 0; i <= TIMELINE_BATCHES_MAX; i++) await store.commit({ events: [submitted(id, mint.unique(), i)] });
    const types = (await store.events.ofMessage(id)).map(({ type }) => type);
    expect(types.length).toBeGreaterThan(TIMELINE_BATCHES_MAX);
    expect(types.filter((type) => type === "accepted").length).toBe(1);
  }, 30_000);

  test("ofMessages() is ofMessage() for many, without those that have none", async () => {
    const { store, messageId } = setup();
    const ids = Array.from({ length: 6 }, () => messageId());
    const [other, none, ...wanted] = ids as [MessageId, MessageId, ...MessageId[]];
    await store.commit({ events: [other, ...wanted].map((id) => accepted(id)) });
    for (const id of wanted)
      await store.commit({ events: [submitted(id, mint.unique(), 1), submitted(other, "x", 2)] });
    const found = await store.events.ofMessages([none, ...wanted, ...wanted]);
    expect([...found.keys()].toSorted()).toEqual(wanted.toSorted());
    const sorted = (events: readonly MessageEvent[] = []) => events.map((event) => JSON.stringify(event)).toSorted();
    for (const id of wanted) expect(sorted(found.get(id))).toEqual(sorted(await store.events.ofMessage(id)));
    expect((await store.events.ofMessages([])).size).toBe(0);
  });

  test("ofMessages() of messages with more batches than they should have still has the oldest of each", async () => {
    const { store, messageId } = setup();
    const [one, two] = [messageId(), messageId()];
    await store.commit({ events: [accepted(one)] });
    await store.commit({ events: [accepted(two)] });
    for (let i = 0; i <= TIMELINE_BATCHES_MAX + 20; i++) {
      await store.commit({ events: [submitted(one, mint.unique(), i)] });
    }
    const found = await store.events.ofMessages([one, two]);
    for (const id of [one, two]) {
      expect((found.get(id) ?? []).filter(({ type }) => type === "accepted").length).toBe(1);
    }
    expect(found.get(two)).toHaveLength(1);
  }, 30_000);
}
