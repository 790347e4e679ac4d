/** The log over months, on a clock that is turned by hand: who writes where, and what is found again from where. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { type Db, MongoClient } from "mongodb";
import { systemClock } from "#domain/clock.ts";
import type { E164, Sender } from "#domain/e164.ts";
import type { MessageEvent } from "#domain/event.ts";
import { createIdMint, type MessageId, type SetId, type WriterId } from "#domain/ids.ts";
import { silentLogger } from "#domain/log.ts";
import { systemRandom } from "#domain/random.ts";
import { openTestServers, type TestServers } from "#testkit/servers.ts";
import { accepted, provider } from "../conformance/kit.ts";
import { conversationKey, type EventLog } from "../store.ts";
import { createStepCommitter } from "./commit-step.ts";
import { batchId, type Collections, openCollections } from "./documents.ts";
import { createMongoEventLog } from "./mongo-event-log.ts";
import { type Month, monthsAhead, nextMonth, startOfMonth } from "./months.ts";
import { setupMongoSchema } from "./schema.ts";
import { createSetSchema } from "./set-schema.ts";
import { createWriterPool } from "./writer-pool.ts";

const set = "syd1" as SetId;
const deps = { clock: systemClock, random: systemRandom, log: silentLogger, owner: "months" };
const [first, second, third] = monthsAhead(systemClock.now()) as [Month, Month, Month];
const DAY_MS = 86_400_000;

let servers: TestServers;
let client: MongoClient;
let uri: string;
let databases = 0;
const made: Db[] = [];

beforeAll(async () => {
  servers = await openTestServers({ sets: 1, postgres: false });
  const [target] = servers.sets;
  if (target === undefined) throw new Error("No replica set was started");
  ({ uri } = target);
  client = new MongoClient(uri, { retryWrites: false, writeConcern: { w: "majority", journal: true } });
});
afterAll(async () => {
  await Promise.all(made.map((db) => db.dropDatabase()));
  await client.close();
  await servers[Symbol.asyncDispose]();
});

/** A process on a set of its own whose clock says what it is told. */
async function openProcess() {
  const db = client.db(`${servers.sets[0]?.database}_m${++databases}`);
  made.push(db);
  await setupMongoSchema(db);
  const collections = openCollections(db);
  let now = startOfMonth(first) + 20 * DAY_MS;
  const setClock = { now: () => now, learn: () => undefined, ready: async () => undefined };
  const mint = createIdMint({ ...deps, clock: { ...systemClock, now: () => now } });
  const schema = createSetSchema({ collections, setClock, set, ...deps });
  await schema.refresh();
  const writers = createWriterPool({ set, collections, schema, setClock, mint, count: 1, ...deps });
  const commit = createStepCommitter({ client, collections, schema, writers, mint, setClock, set, ...deps });
  const log: EventLog = createMongoEventLog({ set, db, collections, schema, setClock, ...deps });
  return {
    ...{ db, collections, schema, writers, commit, log },
    messageId: () => mint.messageId(set),
    turnTo(at: number) {
      now = at;
    },
    async say(...events: readonly MessageEvent[]) {
      expect((await commit({ events })).type).toBe("committed");
    },
  };
}

const submitted = (message: MessageId, providerMessageId: string, at: number): MessageEvent => {
  return { type: "submitted", message, at, segment: 0, attempt: 1, provider, providerMessageId };
};

async function kindsIn(collections: Collections, month: Month, writer: WriterId): Promise<readonly string[]> {
  const range = { _id: { $gt: batchId(writer, 0), $lte: batchId(writer, 999) } };
  const found = await collections
    .eventsOf(month)
    .find(range, { sort: { _id: 1 } })
    .toArray();
  return found.map(({ kind }) => kind);
}

test("a step in flight at the turn stays with its writer, which then ends; the next has a new one", async () => {
  const { collections, writers, turnTo, say, messageId } = await openProcess();
  await say(accepted(messageId()));
  const [started, gate] = [Promise.withResolvers<WriterId>(), Promise.withResolvers<void>()];
  const inFlight = writers.withWriter(false, async (writer) => {
    started.resolve(writer.id);
    await gate.promise;
    const batch = {
      _id: batchId(writer.id, writer.next),
      kind: "void" as const,
      at: new Date(0),
      keys: [],
      events: "[]",
    };
    await writer.batches.insertOne(batch);
    writer.next++;
  });
  const old = await started.promise;
  turnTo(startOfMonth(second));
  const after = say(accepted(messageId()));
  gate.resolve();
  await Promise.all([inFlight, after]);
  expect(await kindsIn(collections, first, old)).toEqual(["events", "void", "closed"]);
  expect(await collections.writers.findOne({ _id: old })).toMatchObject({ closed: true, month: first });
  const [fresh, ...others] = await collections.writers.find({ month: second }).toArray();
  expect([await kindsIn(collections, second, fresh?._id as WriterId), others]).toEqual([["events"], []]);

  // An answer that puts our idea of the set's clock back by a moment does not bring the old month back.
  turnTo(startOfMonth(second) - 5);
  await say(accepted(messageId()));
  expect(await collections.writers.countDocuments({ month: first })).toBe(1);
});

test("writers that have nothing to do at the turn end with the next heartbeat", async () => {
  const { collections, writers, turnTo, commit, messageId } = await openProcess();
  for (const urgent of [true, false]) await commit({ events: [accepted(messageId())], urgent });
  await writers.heartbeat();
  expect(await collections.writers.countDocuments({ closed: false })).toBe(2);
  turnTo(startOfMonth(second));
  await writers.heartbeat();
  expect(await collections.writers.countDocuments({ closed: true, month: first })).toBe(2);
  const closed = await collections.eventsOf(first).countDocuments({ kind: "closed" });
  expect([closed, await collections.eventsOf(second).countDocuments()]).toEqual([2, 0]);
});

test("many steps over two turns are all read once, without gaps, and each writer in one collection only", async () => {
  const { collections, turnTo, commit, log, messageId } = await openProcess();
  const sent: MessageId[] = [];
  for (const month of [first, second, third]) {
    turnTo(startOfMonth(month) + DAY_MS);
    const ids = Array.from({ length: 30 }, messageId);
    sent.push(...ids);
    const running = ids.map((id, i) => commit({ events: [accepted(id)], urgent: i % 3 === 0 }));
    // The turn comes while they are at it.
    turnTo(startOfMonth(nextMonth(month)));
    expect(new Set((await Promise.all(running)).map(({ type }) => type))).toEqual(new Set(["committed"]));
  }
  const writers = await log.writers();
  let at = new Map<WriterId, number>(writers.map(({ writer }) => [writer, 0]));
  const read: MessageId[] = [];
  for (;;) {
    // Small reads, so that some end at the border between months.
    const batches = await log.read(at, 7);
    if (batches.length === 0) break;
    read.push(...batches.flatMap(({ events }) => events.map(({ message }) => message)));
    at = new Map([...at, ...batches.map(({ writer, sequence }) => [writer, sequence] as const)]);
  }
  expect(read.toSorted()).toEqual(sent.toSorted());
  for (const { writer } of writers) {
    const kept = await Promise.all([first, second, third].map((month) => kindsIn(collections, month, writer)));
    expect(kept.filter(({ length }) => length > 0).length).toBe(1);
  }
  for (const id of [sent[0], sent.at(-1)] as MessageId[]) expect((await log.ofMessage(id)).length).toBe(1);
});

test("a gap in an earlier month is still found out", async () => {
  const { collections, turnTo, say, log, messageId } = await openProcess();
  for (let i = 0; i < 3; i++) await say(accepted(messageId()));
  turnTo(startOfMonth(second));
  await say(accepted(messageId()));
  const [old] = await collections.writers.find({ month: first }).toArray();
  await collections.eventsOf(first).deleteOne({ _id: batchId(old?._id ?? "", 2) });
  const all = new Map((await log.writers()).map(({ writer }) => [writer, 0] as const));
  await expect(log.read(all, 100)).rejects.toMatchObject({ code: "store_corrupt" });
});

test("without a collection of the month the newest one is used, and found again, until there is one", async () => {
  const { db, collections, schema, turnTo, say, log, messageId } = await openProcess();
  const missing = nextMonth(nextMonth(third));
  const late = startOfMonth(missing) + 9 * DAY_MS;
  turnTo(late);
  const before = messageId();
  await say(accepted(before));
  expect(await collections.writers.distinct("month")).toEqual([third]);
  expect(await log.ofMessage(before)).toHaveLength(1);

  expect(await log.openMonths()).toEqual(monthsAhead(late));
  expect(await log.openMonths()).toEqual([]);
  // By its own clock the set made them just now, long "before" the turn: put that right.
  await db.collection("schema").updateOne({}, { $set: { [`months.${missing}`]: new Date(late) } });
  await schema.refresh();
  turnTo(late + DAY_MS);
  const after = messageId();
  await say(accepted(after));
  expect(await collections.eventsOf(missing).countDocuments()).toBe(1);
  expect((await collections.eventsOf(missing).indexes()).length).toBe(2);
  for (const id of [before, after]) expect(await log.ofMessage(id)).toHaveLength(1);
});

test("a message's events are found from the month it was sent in to this one", async () => {
  const { turnTo, say, log, messageId } = await openProcess();
  turnTo(startOfMonth(second) - 1_000);
  const id = messageId();
  await say(accepted(id));
  turnTo(startOfMonth(third));
  await say(submitted(id, "late", startOfMonth(third)));
  expect((await log.ofMessage(id)).map(({ type }) => type).toSorted()).toEqual(["accepted", "submitted"]);
  expect(await log.ofMessage(messageId())).toEqual([]);
});

test("findSubmitted() takes the newest of two months, findConversations() goes back as far as it must", async () => {
  const { turnTo, say, log, messageId } = await openProcess();
  const [from, to] = ["+61480000001" as Sender, "+61400000009" as E164];
  const other = "+61400000010" as E164;
  const [oldest, old, newest] = [messageId(), messageId(), messageId()];
  const at = [first, second, third].map((month) => startOfMonth(month) + DAY_MS) as [number, number, number];
  const talk = (id: MessageId, handset: E164, when: number) => accepted(id, { from, to: handset, at: when });
  turnTo(at[0]);
  await say(talk(oldest, to, at[0]), talk(oldest, other, at[0]), submitted(oldest, "gone", at[0]));
  turnTo(at[1]);
  await say(submitted(old, "again", at[1]), submitted(old, "once", at[1]));
  turnTo(at[2]);
  await say(talk(newest, to, at[2]), submitted(newest, "again", at[2]));
  const submits = await log.findSubmitted(provider, ["again", "once", "gone"]);
  expect([...submits].map(([id, found]) => [id, ...found.map(({ message }) => message)]).toSorted()).toEqual([
    ["again", newest],
    ["once", old],
  ]);
  const keys = [to, other].map((handset) => conversationKey(from, handset));
  const talks = await log.findConversations(keys);
  expect(keys.map((key) => talks.get(key)?.message)).toEqual([newest, oldest]);
});
