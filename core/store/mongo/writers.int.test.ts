/** Writers whose next number is taken, and how they end: no lie about a commit, no `closed` without a closed batch. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { MongoClient } from "mongodb";
import { systemClock } from "#domain/clock.ts";
import { type AccountId, createIdMint, type MessageId, type SetId, type WriterId } from "#domain/ids.ts";
import { silentLogger } from "#domain/log.ts";
import { systemRandom } from "#domain/random.ts";
import { openTestServers, type TestServers } from "#testkit/servers.ts";
import { accepted, chunk, freshLane } from "../conformance/kit.ts";
import { type SendKey, type Store, StoreError, sendKeyId } from "../store.ts";
import { batchId, type Collections, type EventBatchDocument, openCollections } from "./documents.ts";
import { monthOf } from "./months.ts";
import { openMongoStore } from "./open-mongo-store.ts";
import { setupMongoSchema } from "./schema.ts";
import { toSendKeysDocument } from "./send-keys.ts";
import { createSetClock } from "./set-clock.ts";
import { createSetSchema } from "./set-schema.ts";
import { createWriterPool } from "./writer-pool.ts";

const set = "syd1" as SetId;
const deps = { clock: systemClock, random: systemRandom, log: silentLogger, owner: "writers" };
const mint = createIdMint(deps);
let servers: TestServers;
let client: MongoClient;
let collections: Collections;
let uri: string;
let database: string;

beforeAll(async () => {
  servers = await openTestServers({ sets: 1, postgres: false });
  const [target] = servers.sets;
  if (target === undefined) throw new Error("No replica set was started");
  ({ uri, database } = target);
  client = new MongoClient(uri);
  await setupMongoSchema(client.db(database));
  collections = openCollections(client.db(database));
});
afterAll(async () => {
  await client.close();
  await servers[Symbol.asyncDispose]();
});

const openStore = (): Promise<Store> => openMongoStore({ set, region: "syd", uri, database, writers: 1, ...deps });
const thisMonth = () => collections.eventsOf(monthOf(systemClock.now()));
const messageId = (): MessageId => mint.messageId(set);

/** The writer that a fresh store uses, after its first step. */
async function writerOf(store: Store): Promise<WriterId> {
  const before = new Set((await store.events.writers()).map(({ writer }) => writer));
  expect((await store.commit({ events: [accepted(messageId())] })).type).toBe("committed");
  const [fresh] = (await store.events.writers()).filter(({ writer }) => !before.has(writer));
  if (fresh === undefined) throw new Error("The step opened no writer");
  return fresh.writer;
}

function plant(writer: string, sequence: number): Promise<unknown> {
  const other: EventBatchDocument = {
    _id: batchId(writer, sequence),
    kind: "events",
    at: new Date(systemClock.now()),
    keys: [],
    events: "[]",
    step: "another's",
  };
  return thisMonth().insertOne(other);
}

test("another step's events at our number are a loud defect and never our own commit", async () => {
  await using store = await openStore();
  await plant(await writerOf(store), 2);
  const [id, lane] = [messageId(), freshLane()];
  const result = await store.commit({ events: [accepted(id)], chunks: [chunk(lane, [{ id }])] });
  expect(result).toMatchObject({ type: "failed", error: { code: "store_corrupt", retryable: false } });
  expect(await store.events.ofMessage(id)).toEqual([]);
  expect((await store.depth()).has(lane)).toBe(false);
  expect((await store.commit({ events: [accepted(messageId())] })).type).toBe("committed");
});

test("a send key that a dead process's transaction holds is told at once, and free when that has ended", async () => {
  await using store = await openStore();
  const id = messageId();
  const key: SendKey = {
    id: sendKeyId("acme" as AccountId, id),
    record: { fingerprint: "f", ids: [id], at: systemClock.now() },
  };
  const step = { events: [accepted(id)], sendKeys: [key] };
  const dead = client.startSession();
  dead.startTransaction();
  const batch = batchId("01mcc5rnaaaaaaaaaaaaaaaaaa", 1);
  await collections.sendKeys.insertOne(toSendKeysDocument(batch, [key], new Date(systemClock.now())), {
    session: dead,
  });
  const result = await store.commit(step);
  expect(result).toMatchObject({ type: "failed", error: { code: "key_contended", retryable: true } });
  expect((await store.commit({ events: [accepted(messageId())] })).type).toBe("committed");
  expect(await store.events.ofMessage(id)).toEqual([]);
  await dead.abortTransaction();
  await dead.endSession();
  expect((await store.commit(step)).type).toBe("committed");
  expect((await store.commit(step)).type).toBe("key_taken");
  expect((await store.events.ofMessage(id)).length).toBe(1);
});

test("closing with the next number taken leaves the writer open, for whoever ends silent writers", async () => {
  const store = await openStore();
  const writer = await writerOf(store);
  await plant(writer, 2);
  await store[Symbol.asyncDispose]();
  await using later = await openStore();
  const closed = async (): Promise<boolean | undefined> =>
    (await later.events.writers()).find((record) => record.writer === writer)?.closed;
  expect(await closed()).toBe(false);
  for (let tries = 0; tries < 100 && (await closed()) === false; tries++) await later.events.endSilentWriters(0);
  expect(await closed()).toBe(true);
  const kinds = (await later.events.read(new Map([[writer, 0]]), 10)).map(({ kind }) => kind);
  expect(kinds).toEqual(["events", "events", "closed"]);
});

test("closing waits for the step in flight, and then takes no more", async () => {
  const setClock = createSetClock(systemClock);
  const schema = createSetSchema({ collections, set, setClock, ...deps });
  const pool = createWriterPool({ set, collections, schema, setClock, mint, count: 1, ...deps });
  const [started, gate] = [Promise.withResolvers<WriterId>(), Promise.withResolvers<void>()];
  const step = pool.withWriter(false, async (writer) => {
    started.resolve(writer.id);
    await gate.promise;
    await writer.batches.insertOne({
      _id: batchId(writer.id, writer.next),
      kind: "events",
      at: new Date(systemClock.now()),
      keys: [],
      events: "[]",
    });
    writer.next++;
  });
  const id = await started.promise;
  const closing = pool[Symbol.asyncDispose]();
  expect(pool.withWriter(false, async () => undefined)).rejects.toThrow(StoreError);
  gate.resolve();
  await Promise.all([step, closing]);
  const kinds = (
    await thisMonth()
      .find({ _id: { $gt: batchId(id, 0), $lte: batchId(id, 9) } })
      .toArray()
  ).map(({ kind }) => kind);
  expect(kinds).toEqual(["events", "closed"]);
  expect(await collections.writers.findOne({ _id: id })).toMatchObject({ closed: true });
});

test("an ordinary step of a process without a writer for it is refused at once, and never waits", async () => {
  await using store = await openMongoStore({ set, region: "syd", uri, database, writers: 0, ...deps });
  expect(store.commit({ events: [accepted(messageId())] })).rejects.toThrow("'writers' of 0");
  expect((await store.commit({ events: [accepted(messageId())], urgent: true })).type).toBe("committed");
});

test("a store whose first step enqueues has asked the set for the time", async () => {
  const wrong = { ...systemClock, now: () => systemClock.now() + 3_600_000 };
  await using store = await openMongoStore({ set, region: "syd", uri, database, writers: 1, ...deps, clock: wrong });
  const lane = freshLane();
  expect((await store.commit({ chunks: [chunk(lane, [1])] })).type).toBe("committed");
  const [hold] = await store.claim({ lanes: [lane], itemsMax: 1, leaseMs: 1_000, owner: "test" });
  expect(hold?.items).toEqual([1]);
  expect(Math.abs((hold?.enqueuedAt ?? 0) - systemClock.now())).toBeLessThan(60_000);
});

test("the oldest and the newest batches of a message are found by the index, without a sort", async () => {
  for (const order of [1, -1] as const) {
    const plan = await thisMonth()
      .find({ keys: "m1" }, { sort: { at: order }, limit: 4 })
      .explain();
    expect(JSON.stringify(plan)).toContain('"IXSCAN"');
    expect(JSON.stringify(plan.queryPlanner.winningPlan)).not.toContain('"SORT"');
  }
});
