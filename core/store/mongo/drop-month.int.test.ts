/** Dropping a month of the log: only one that is over, ended and read to its end; and everything of it goes. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { type Db, MongoClient } from "mongodb";
import { type Clock, systemClock } from "#domain/clock.ts";
import { createIdMint, type SetId } from "#domain/ids.ts";
import { silentLogger } from "#domain/log.ts";
import { systemRandom } from "#domain/random.ts";
import { openTestServers, type TestServers } from "#testkit/servers.ts";
import { accepted, readAll } from "../conformance/kit.ts";
import type { Store } from "../store.ts";
import { batchId, type EventBatchDocument, openCollections } from "./documents.ts";
import { dropMonth, listMonths, type MonthWriter } from "./drop-month.ts";
import { type Month, monthOf, monthsAhead, startOfMonth } from "./months.ts";
import { openMongoStore } from "./open-mongo-store.ts";
import { openMonths } from "./open-months.ts";
import { setupMongoSchema } from "./schema.ts";
import { closedBatch } from "./writer.ts";

const set = "syd1" as SetId;
const [current, next, last] = monthsAhead(systemClock.now()) as [Month, Month, Month];
const past = monthOf(startOfMonth(current) - 40 * 86_400_000);
const sentAt = startOfMonth(past) + 5 * 86_400_000;
const mint = createIdMint({ clock: { ...systemClock, now: () => sentAt }, random: systemRandom });
const fromThen = mint.messageId(set);

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
  client = new MongoClient(uri);
});
afterAll(async () => {
  await Promise.all(made.map((db) => db.dropDatabase()));
  await client.close();
  await servers[Symbol.asyncDispose]();
});

/** A set with a month that is over, and in it a writer of two batches that has ended, or not. */
async function openOldSet({ ended }: { readonly ended: boolean }) {
  const db = client.db(`${servers.sets[0]?.database}_d${++databases}`);
  made.push(db);
  await setupMongoSchema(db);
  await openMonths(db, [past]);
  const { eventsOf, schema, writers } = openCollections(db);
  // This month was made ahead, as they are.
  await schema.updateOne({}, { $set: { [`months.${current}`]: new Date(sentAt) } });
  const [writer, at] = [mint.writerId(), new Date(sentAt)];
  await writers.insertOne({ _id: writer, month: past, owner: "old", openedAt: at, seenAt: at, closed: ended });
  const events = JSON.stringify([accepted(fromThen, { at: sentAt })]);
  const batch = { _id: batchId(writer, 1), kind: "events", at, keys: [fromThen], events, step: "s" } as const;
  await eventsOf(past).insertOne(batch satisfies EventBatchDocument);
  if (ended) await eventsOf(past).insertOne(closedBatch(writer, 2, sentAt));
  return { db, writer };
}

function openStore(db: Db): Promise<Store> {
  const deps = { clock: systemClock, random: systemRandom, log: silentLogger, owner: "drop", writers: 1 };
  return openMongoStore({ set, region: "syd", uri, database: db.databaseName, ...deps });
}

/** A clock on which waiting takes no time, and something may happen meanwhile. */
function hasty(meanwhile: () => Promise<unknown> = async () => undefined): Clock {
  return { ...systemClock, sleep: async () => void (await meanwhile()) };
}

const allRead = async (): Promise<readonly string[]> => [];

test("what is kept begins when there was a later month to write to, however long that took", async () => {
  const { db } = await openOldSet({ ended: true });
  const late = startOfMonth(current) + 3_600_000;
  await openCollections(db).schema.updateOne({}, { $set: { [`months.${current}`]: new Date(late) } });
  expect((await dropMonth({ db, month: past, clock: hasty(), whyNotRead: allRead })).type).toBe("dropped");
  await using store = await openStore(db);
  expect(await store.events.keptSince()).toBe(late);
});

test("a month that is over, ended and read is dropped with its writers, and nothing else is", async () => {
  const { db, writer } = await openOldSet({ ended: true });
  await using store = await openStore(db);
  await store.commit({ events: [accepted(fromThen)] });
  expect((await store.events.ofMessage(fromThen)).length).toBe(2);
  expect((await listMonths(db)).map(({ month, isOver, isWritten }) => [month, isOver, isWritten])).toEqual([
    [past, true, false],
    [current, false, true],
    [next, false, false],
    [last, false, false],
  ]);
  const asked: (readonly MonthWriter[])[] = [];
  const whyNotRead = async (writers: readonly MonthWriter[]) => {
    asked.push(writers);
    return [];
  };
  expect(await store.events.keptSince()).toBe(0);
  expect(await dropMonth({ db, month: past, clock: hasty(), whyNotRead })).toEqual({ type: "dropped" });
  // Asked again when nobody can find the month any more.
  expect(asked).toEqual(Array(2).fill([{ writer, last: 2, isClosed: true }]));
  expect((await listMonths(db)).map(({ month }) => month)).toEqual([current, next, last]);
  expect(await store.events.keptSince()).toBe(startOfMonth(current));
  expect((await store.events.writers()).map((record) => record.writer)).not.toContain(writer);
  expect((await readAll(store)).flatMap(({ events }) => events).length).toBe(1);
  expect((await store.events.ofMessage(fromThen)).length).toBe(1);
  expect((await store.events.read(new Map([[writer, 0]]), 10)).length).toBe(0);

  const again = await dropMonth({ db, month: past, clock: hasty(), whyNotRead: allRead });
  expect(again).toEqual({ type: "kept", reasons: [`there is no month ${past}`] });
});

test("a month is kept while it is not over, written to, open, or not read to its end", async () => {
  const { db } = await openOldSet({ ended: false });
  const drop = (month: Month, whyNotRead = allRead) => dropMonth({ db, month, clock: hasty(), whyNotRead });
  const notOver = { type: "kept", reasons: expect.arrayContaining(["it is not over"]) } as never;
  for (const month of [current, next]) expect(await drop(month)).toEqual(notOver);
  expect(await drop(past)).toMatchObject({ reasons: [expect.stringContaining("1 of its writers have not ended")] });

  const { schema } = openCollections(db);
  await schema.updateOne(
    {},
    { $unset: Object.fromEntries(monthsAhead(systemClock.now()).map((m) => [`months.${m}`, ""])) },
  );
  const written = expect.stringContaining("there is no later one");
  expect(await drop(past)).toMatchObject({ reasons: expect.arrayContaining([written]) });

  const { db: ended } = await openOldSet({ ended: true });
  const behind = async (): Promise<readonly string[]> => ["somebody has not read it"];
  const kept = await dropMonth({ db: ended, month: past, clock: hasty(), whyNotRead: behind });
  expect(kept).toEqual({ type: "kept", reasons: ["somebody has not read it"] });
  expect((await listMonths(ended)).map(({ month }) => month)).toContain(past);
});

test("a writer that turns up while the month is withdrawn keeps it, and it is found again", async () => {
  const { db } = await openOldSet({ ended: true });
  const before = await openCollections(db).schema.findOne({});
  const late = mint.writerId();
  const at = new Date(systemClock.now());
  const appear = async (): Promise<void> => {
    const { schema, writers } = openCollections(db);
    expect(Object.keys((await schema.findOne({}))?.months ?? {})).not.toContain(past);
    await writers.insertOne({ _id: late, month: past, owner: "late", openedAt: at, seenAt: at, closed: false });
  };
  const result = await dropMonth({ db, month: past, clock: hasty(appear), whyNotRead: allRead });
  expect(result).toMatchObject({ type: "kept", reasons: [expect.stringContaining(late)] });
  expect(await openCollections(db).schema.findOne({})).toEqual(before);
  await using store = await openStore(db);
  expect((await store.events.ofMessage(fromThen)).length).toBe(1);
});

test("batches of a writer that nobody registered keep their month", async () => {
  const { db, writer } = await openOldSet({ ended: true });
  await openCollections(db).writers.deleteOne({ _id: writer });
  await openCollections(db)
    .eventsOf(past)
    .deleteOne({ _id: batchId(writer, 2) });
  const result = await dropMonth({ db, month: past, clock: hasty(), whyNotRead: allRead });
  expect(result).toMatchObject({ reasons: [expect.stringContaining(writer)] });
});

test("a drop that broke off in the middle is finished by the next", async () => {
  const { db } = await openOldSet({ ended: true });
  await openCollections(db).schema.updateOne({}, { $unset: { [`months.${past}`]: "" } });
  await openCollections(db).eventsOf(past).drop();
  const result = await dropMonth({ db, month: past, clock: hasty(), whyNotRead: allRead });
  expect(result).toEqual({ type: "dropped" });
  expect(await openCollections(db).writers.countDocuments()).toBe(0);
});
