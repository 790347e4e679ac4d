/** The schema of a set: made at once by several, from an older one with data, too old or too new for a process. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { type Db, type Document, Long, MongoClient } from "mongodb";
import { systemClock } from "#domain/clock.ts";
import { createIdMint, type SetId } from "#domain/ids.ts";
import type { LogEventName, Logger } from "#domain/log.ts";
import { silentLogger } from "#domain/log.ts";
import { systemRandom } from "#domain/random.ts";
import { openTestServers, type TestServers } from "#testkit/servers.ts";
import { accepted, chunk, claimOne, eventually, freshLane, readAll } from "../conformance/kit.ts";
import type { Store } from "../store.ts";
import { batchId, collectionNames, LOOKUP_INDEX, openCollections } from "./documents.ts";
import { BEFORE_MONTHS, eventsCollection, monthsAhead } from "./months.ts";
import { openMongoStore } from "./open-mongo-store.ts";
import { setupMongoSchema } from "./schema.ts";
import { SCHEMA_VERSION } from "./set-schema.ts";

const set = "syd1" as SetId;
const mint = createIdMint({ clock: systemClock, random: systemRandom });
let servers: TestServers;
let client: MongoClient;
let uri: string;
let database: string;
let databases = 0;
const made: Db[] = [];

beforeAll(async () => {
  servers = await openTestServers({ sets: 1, postgres: false });
  const [target] = servers.sets;
  if (target === undefined) throw new Error("No replica set was started");
  ({ uri, database } = target);
  client = new MongoClient(uri);
});
afterAll(async () => {
  await Promise.all(made.map((db) => db.dropDatabase()));
  await client.close();
  await servers[Symbol.asyncDispose]();
});

/** A database of the test's own, empty. */
function freshDatabase(): Db {
  const db = client.db(`${database}_${++databases}`);
  made.push(db);
  return db;
}

function openStore(db: Db, log: Logger = silentLogger): Promise<Store> {
  const deps = { clock: systemClock, random: systemRandom, log, owner: "schema" };
  return openMongoStore({ set, region: "syd", uri, database: db.databaseName, writers: 1, ...deps });
}

/** Collections with their validators, and every index: what two set-ups must agree on. */
async function describeDatabase(db: Db): Promise<Document> {
  const described: Document = {};
  const found = await db.listCollections().toArray();
  for (const each of found.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    const indexes = await db.collection(each.name).indexes();
    described[each.name] = { ...each, info: undefined, indexes };
  }
  return described;
}

test("set-ups at once all succeed, and one after them changes nothing", async () => {
  const db = freshDatabase();
  const reports = await Promise.all(Array.from({ length: 4 }, () => setupMongoSchema(db)));
  expect(reports.map(({ to }) => to)).toEqual(Array(4).fill(SCHEMA_VERSION));
  const described = await describeDatabase(db);
  const months = monthsAhead(systemClock.now()).map(eventsCollection);
  expect(Object.keys(described)).toEqual([...Object.values(collectionNames), ...months].toSorted());
  const openedAt = (await openCollections(db).schema.findOne({}))?.months;
  expect((await setupMongoSchema(db)).from).toBe(SCHEMA_VERSION);
  expect(await describeDatabase(db)).toEqual(described);
  expect((await openCollections(db).schema.findOne({}))?.months).toEqual(openedAt as never);
});

/** As version 0 left it: one collection of events, the old claim index, no validators, no `schema`. */
async function plantVersion0(db: Db) {
  for (const name of ["chunks", "events", "writers", "directory", "opt_outs", "send_keys", "allotments"]) {
    await db.createCollection(name);
  }
  await db.collection("chunks").createIndex({ lane: 1, at: 1 });
  await db.collection("events").createIndex(LOOKUP_INDEX);
  const [message, writer, now] = [mint.messageId(set), mint.writerId(), new Date(systemClock.now())];
  const event = accepted(message);
  const [open, at] = [{ owner: "old", openedAt: now, seenAt: now, closed: false }, now];
  await db.collection<Document & { _id: string }>("writers").insertOne({ _id: writer, ...open });
  const events = JSON.stringify([event]);
  const batch = { _id: batchId(writer, 1), kind: "events", at, keys: [message], events, step: "old" };
  await db.collection<Document & { _id: string }>("events").insertOne(batch);
  const lane = freshLane();
  const state = { token: null, owner: null, deliveries: 0, count: 1, positions: 0, mark: 0, priorMark: 0 };
  const rest = { settledTo: 0, settledBeyond: [], items: '["old"]' };
  const waiting = { _id: mint.chunkId() as string, lane, at, enqueuedAt: at, ...state, ...rest };
  await db.collection<Document & { _id: string }>("chunks").insertOne(waiting);
  return { message, writer, event, lane };
}

test("an older set keeps its data: found, read and claimed as before; the old claim index goes", async () => {
  const db = freshDatabase();
  const old = await plantVersion0(db);
  await Promise.all([setupMongoSchema(db), setupMongoSchema(db)]);
  const { chunks, schema } = openCollections(db);
  expect((await chunks.indexes()).map(({ key }) => key)).not.toContainEqual({ lane: 1, at: 1 });
  expect(Object.keys((await schema.findOne({}))?.months ?? {})).toContain(BEFORE_MONTHS);

  await using store = await openStore(db);
  expect(await store.events.ofMessage(old.message)).toEqual([old.event]);
  expect((await claimOne(store, old.lane)).items).toEqual(["old"]);
  // Its writer may be a process of the older version that is still at work; once silent it is ended where it wrote.
  await eventually(async () => (await store.events.endSilentWriters(0)) || undefined);
  expect((await store.commit({ events: [accepted(old.message)] })).type).toBe("committed");
  expect((await store.events.ofMessage(old.message)).length).toBe(2);
  const batches = (await readAll(store)).map(({ writer, sequence, kind }) => [writer === old.writer, sequence, kind]);
  expect(batches).toEqual([
    [true, 1, "events"],
    [true, 2, "closed"],
    [false, 1, "events"],
  ]);
});

test("what breaks the rules of its collection is refused by the set, in every collection", async () => {
  const db = freshDatabase();
  const { months } = await setupMongoSchema(db);
  const [now, id] = [new Date(systemClock.now()), "x"];
  const good: Readonly<Record<string, Document>> = {
    [collectionNames.writers]: { _id: id, month: months[0], owner: "a", openedAt: now, seenAt: now, closed: false },
    [collectionNames.directoryRecords]: { _id: id, body: "{}" },
    [collectionNames.directoryHead]: {
      ...{ _id: "head", number: 0, change: "", epoch: 0, home: "", promisedEpoch: 0, promisedHome: "" },
    },
    [collectionNames.directoryChanges]: {
      ...{ _id: "0000000001", id, epoch: 1, home: "syd1", at: now, actor: "test", writes: "[]" },
    },
    [collectionNames.optOuts]: { _id: id, out: true, at: 1_760_000_000_000 },
    [collectionNames.sendKeys]: { _id: id, at: now, keys: ["a|1"], records: "[]" },
    [collectionNames.allotments]: { _id: id, micros: Long.fromNumber(0) },
    [collectionNames.standing]: { _id: "standing", standing: "restored", at: now },
    [collectionNames.chunks]: {
      ...{ _id: id, lane: "l", at: now, enqueuedAt: now, token: null, owner: null, deliveries: 0, count: 512 },
      ...{ positions: 0, mark: 0, priorMark: 0, settledTo: 0, settledBeyond: [], items: "[]" },
    },
    ...Object.fromEntries(
      months.map((month) => [
        eventsCollection(month),
        { _id: batchId("w", 1), kind: "events", at: now, keys: [], events: "[]", step: "s" },
      ]),
    ),
  };
  const bad: Readonly<Record<string, Document>> = {
    [collectionNames.chunks]: { count: 513 },
    [collectionNames.directoryHead]: { _id: "another" },
    [collectionNames.directoryChanges]: { epoch: 0 },
    [collectionNames.allotments]: { micros: Long.fromNumber(-1) },
    [collectionNames.standing]: { standing: "lying down" },
    ...Object.fromEntries(months.map((month) => [eventsCollection(month), { kind: "rumour" }])),
  };
  const refused = { code: 121 };
  for (const [name, document] of Object.entries(good)) {
    const collection = db.collection<Document & { _id: string }>(name);
    const insert = (changed: Document) => collection.insertOne({ ...document, ...changed } as never);
    await expect(insert(bad[name] ?? { _id: 7 })).rejects.toMatchObject(refused);
    // Keys that are taken forever have no time.
    const optional = ["_id", "month", "step", ...(name === collectionNames.sendKeys ? ["at"] : [])];
    const needed = Object.keys(document).filter((key) => !optional.includes(key));
    for (const field of needed) {
      const { [field]: _, ...lacking } = document;
      await expect(collection.insertOne(lacking as never)).rejects.toMatchObject(refused);
      await expect(insert({ [field]: { not: "this" } })).rejects.toMatchObject(refused);
    }
    await insert({});
    const without = { $unset: { [needed[0] ?? ""]: 1 } } as Document;
    await expect(collection.updateOne({}, without)).rejects.toMatchObject(refused);
  }
  await expect(
    db.collection(eventsCollection(months[0] ?? BEFORE_MONTHS)).insertOne({ _id: "w:1" as never }),
  ).rejects.toThrow();
});

test("a set-up of an older program refuses a newer schema, and touches nothing", async () => {
  const db = freshDatabase();
  const { schema } = openCollections(db);
  await schema.insertOne({ _id: "schema", version: SCHEMA_VERSION + 1, months: {} });
  await expect(setupMongoSchema(db)).rejects.toThrow("use a newer version of Godwit");
  expect((await db.listCollections().toArray()).map(({ name }) => name)).toEqual([collectionNames.schema]);
});

test("on a set whose schema is too old nothing is done, which is said once, until it is set up", async () => {
  const db = freshDatabase();
  await plantVersion0(db);
  const said: LogEventName[] = [];
  const log: Logger = { info: (name) => said.push(name), error: (name) => said.push(name) };
  await using store = await openStore(db, log);
  const outdated = { code: "schema_outdated", message: expect.stringContaining("run 'godwit schema'") };
  const lane = freshLane();
  const claim = { lanes: [lane], itemsMax: 1, leaseMs: 1_000, owner: "test" };
  await Promise.all([
    expect(store.ping()).rejects.toMatchObject(outdated),
    expect(store.claim(claim)).rejects.toMatchObject(outdated),
    expect(store.events.writers()).rejects.toMatchObject(outdated),
  ]);
  expect(await store.commit({ chunks: [chunk(lane, [1])] })).toMatchObject({ type: "failed", error: outdated });
  const step = { events: [accepted(mint.messageId(set))] };
  expect(await store.commit(step)).toMatchObject({ type: "failed", error: outdated });
  expect(said).toEqual(["schema.outdated"]);

  await setupMongoSchema(db);
  await eventually(() =>
    store.ping().then(
      () => true,
      () => undefined,
    ),
  );
  expect((await store.commit(step)).type).toBe("committed");
  expect(said).toEqual(["schema.outdated", "schema.updated", "writer.opened"]);
});
