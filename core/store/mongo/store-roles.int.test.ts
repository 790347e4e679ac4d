/** What each role's user may do in a set, tried by real users: nobody changes or removes an event batch (I4). */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { type Db, MongoClient } from "mongodb";
import { systemClock } from "#domain/clock.ts";
import { createIdMint, type SetId } from "#domain/ids.ts";
import { silentLogger } from "#domain/log.ts";
import { systemRandom } from "#domain/random.ts";
import { openTestServers, type TestServers } from "#testkit/servers.ts";
import { accepted, chunk, claimOne, freshLane } from "../conformance/kit.ts";
import type { Store } from "../store.ts";
import { batchId, collectionNames, LOOKUP_INDEX, openCollections } from "./documents.ts";
import { eventsCollection, type Month, monthsAhead, nextMonth } from "./months.ts";
import { openMongoStore } from "./open-mongo-store.ts";
import { setupMongoSchema } from "./schema.ts";
import { type StoreRole, setupMongoRoles, storeRoles } from "./store-roles.ts";

const set = "syd1" as SetId;
const mint = createIdMint({ clock: systemClock, random: systemRandom });
const [current, next, last] = monthsAhead(systemClock.now()) as [Month, Month, Month];
/** Nobody has made it. */
const unborn = nextMonth(nextMonth(last));
const PASSWORD = "of-a-role";
const refused = { code: 13 };

let servers: TestServers;
let client: MongoClient;
let admin: Db;
const opened: MongoClient[] = [];
const users = new Map<StoreRole, Db>();

beforeAll(async () => {
  servers = await openTestServers({ sets: 1, postgres: false });
  const [target] = servers.sets;
  if (target === undefined) throw new Error("No replica set was started");
  client = new MongoClient(target.uri);
  admin = client.db(target.database);
  await setupMongoSchema(admin);
  // In the test's own database, as other tests run on this server.
  await setupMongoRoles(admin, target.database);
  await setupMongoRoles(admin, target.database);
  for (const role of storeRoles) {
    await admin.command({ createUser: role, pwd: PASSWORD, roles: [`godwit_${role}`] });
    const own = new MongoClient(uriOf(role));
    opened.push(own);
    users.set(role, own.db(target.database));
  }
});
afterAll(async () => {
  await Promise.all(opened.map((own) => own.close()));
  await admin.command({ dropAllUsersFromDatabase: 1 });
  await admin.command({ dropAllRolesFromDatabase: 1 });
  await client.close();
  await servers[Symbol.asyncDispose]();
});

function uriOf(role: StoreRole): string {
  // Several hosts: no URL class takes it.
  const { uri = "" } = servers.sets[0] ?? {};
  const login = uri.replace(/\/\/[^@]+@/, `//${role}:${PASSWORD}@`);
  return login.replace("authSource=admin", `authSource=${admin.databaseName}`);
}

function as(role: StoreRole): Db {
  const db = users.get(role);
  if (db === undefined) throw new Error(`There is no user for ${role}`);
  return db;
}

function openStoreAs(role: StoreRole): Promise<Store> {
  const deps = { clock: systemClock, random: systemRandom, log: silentLogger, owner: role, writers: 1 };
  return openMongoStore({ set, region: "syd", uri: uriOf(role), database: admin.databaseName, ...deps });
}

for (const role of storeRoles) {
  test(`${role}: event batches of any month can be read, never changed or removed`, async () => {
    for (const month of [current, next, unborn]) {
      const events = openCollections(as(role)).eventsOf(month);
      expect(await events.findOne({ _id: "nobody" })).toBeNull();
      await expect(events.updateOne({}, { $set: { kind: "void" } })).rejects.toMatchObject(refused);
      await expect(events.deleteMany({})).rejects.toMatchObject(refused);
      await expect(events.findOneAndDelete({})).rejects.toMatchObject(refused);
      await expect(events.drop()).rejects.toMatchObject(refused);
      const lenient = as(role).command({ collMod: eventsCollection(month), validationLevel: "off" });
      await expect(lenient).rejects.toMatchObject(refused);
      await expect(events.aggregate([{ $out: eventsCollection(month) }]).toArray()).rejects.toMatchObject(refused);
    }
  });

  const months = role === "projector" ? "no month" : "every month, made or not";
  test(`${role}: batches can be added to ${months}`, async () => {
    for (const month of [current, unborn]) {
      const batch = { _id: batchId(role, 1), kind: "void" as const, at: new Date(0), keys: [], events: "[]" };
      const inserting = openCollections(as(role)).eventsOf(month).insertOne(batch);
      if (role === "projector") await expect(inserting).rejects.toMatchObject(refused);
      else expect((await inserting).acknowledged).toBe(true);
    }
  });
}

test("a right on every month is no right on anything else", async () => {
  await expect(as("edge").collection(collectionNames.chunks).findOne()).rejects.toMatchObject(refused);
  for (const role of ["edge", "smpp", "connector", "projector"] as const) {
    const money = as(role).collection(collectionNames.allotments);
    await expect(money.insertOne({})).rejects.toMatchObject(refused);
    await expect(as(role).collection("another").insertOne({})).rejects.toMatchObject(refused);
    await expect(
      as(role)
        .collection(collectionNames.schema)
        .updateOne({}, { $inc: { version: 1 } }),
    ).rejects.toThrow();
  }
});

test("only the worker makes the index of a month, and it makes nothing else", async () => {
  for (const role of ["edge", "smpp", "connector", "projector", "operator"] as const) {
    const index = openCollections(as(role)).eventsOf(unborn).createIndex(LOOKUP_INDEX);
    await expect(index).rejects.toMatchObject(refused);
  }
  await openCollections(as("worker")).eventsOf(unborn).createIndex(LOOKUP_INDEX);
  await expect(as("worker").createCollection("another")).rejects.toMatchObject(refused);
  const index = as("worker").collection(collectionNames.chunks).createIndex({ owner: 1 });
  await expect(index).rejects.toMatchObject(refused);
});

test("a running worker makes the months to come; another role says that it may not", async () => {
  await admin.collection(eventsCollection(last)).drop();
  await openCollections(admin).schema.updateOne({}, { $unset: { [`months.${last}`]: 1 } });
  await using connector = await openStoreAs("connector");
  await expect(connector.events.openMonths()).rejects.toMatchObject({ code: "store_refused" });
  await using worker = await openStoreAs("worker");
  expect(await worker.events.openMonths()).toEqual([last]);
  expect(await worker.events.openMonths()).toEqual([]);
  expect((await openCollections(admin).eventsOf(last).indexes()).map(({ key }) => key)).toContainEqual(LOOKUP_INDEX);
  const [made] = await admin.listCollections({ name: eventsCollection(last) }).toArray();
  const like = await admin.listCollections({ name: eventsCollection(next) }).toArray();
  expect(made).toMatchObject({ options: (like[0] as { readonly options: object }).options });
});

test("with its rights each role can do its part of a step", async () => {
  const [lane, id] = [freshLane(), mint.messageId(set)];
  await using edge = await openStoreAs("edge");
  await using worker = await openStoreAs("worker");
  await using connector = await openStoreAs("connector");
  await using projector = await openStoreAs("projector");
  expect((await edge.commit({ events: [accepted(id)], chunks: [chunk(lane, [{ id }])] })).type).toBe("committed");
  const held = await claimOne(worker, lane);
  const forward = { acks: [held.lease], events: [accepted(id)], chunks: [chunk(lane, [{ id }])] };
  expect((await worker.commit(forward)).type).toBe("committed");
  const again = await claimOne(connector, lane);
  expect((await connector.commit({ acks: [again.lease], events: [accepted(id)] })).type).toBe("committed");
  await using smpp = await openStoreAs("smpp");
  const deliver = freshLane();
  expect((await worker.commit({ chunks: [chunk(deliver, [{ id }])] })).type).toBe("committed");
  const toTell = await claimOne(smpp, deliver);
  const back = { acks: [toTell.lease], events: [accepted(id)], chunks: [chunk(deliver, [{ id }])] };
  expect((await smpp.commit(back)).type).toBe("committed");
  const writers = await projector.events.writers();
  const batches = await projector.events.read(new Map(writers.map(({ writer }) => [writer, 0])), 100);
  expect(batches.flatMap(({ events }) => events).filter(({ message }) => message === id).length).toBe(4);
  for (const store of [edge, smpp, worker, connector, projector]) await store.ping();
});
