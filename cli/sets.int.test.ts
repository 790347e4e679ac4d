/** The commands of `godwit sets` on real sets and a real PostgreSQL. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { Command } from "commander";
import { MongoClient } from "mongodb";

import { loadDirectory } from "#core/directory/read-directory.ts";
import { putDirectory } from "#core/directory/testing/put-directory.ts";
import { openMongoStores } from "#core/store/mongo/open-mongo-stores.ts";
import { setupMongoSchemaAt } from "#core/store/mongo/schema.ts";
import { optOutKey, type Store } from "#core/store/store.ts";
import { systemClock } from "#domain/clock.ts";
import type { E164 } from "#domain/e164.ts";
import { foldEvents, statusOf } from "#domain/fold.ts";
import { type AccountId, createIdMint, type SetId } from "#domain/ids.ts";
import { lanes } from "#domain/lane.ts";
import { silentLogger } from "#domain/log.ts";
import { systemRandom } from "#domain/random.ts";
import { openTestServers, type TestServers } from "#testkit/servers.ts";
import { verify } from "../reporting/projector/verify.ts";
import { openTestReports, projectAll, type TestReports } from "../reporting/testing/open-test-reports.ts";
import { deliveredLife, START } from "../reporting/testing/sample-events.ts";
import { addSetsCommand } from "./sets.ts";

const [syd, lost] = ["syd1", "syd2"] as [SetId, SetId];
const mint = createIdMint({ clock: systemClock, random: systemRandom });

let servers: TestServers;
let reports: TestReports;
let stores: readonly Store[];
let env: Readonly<Record<string, string>>;
const stack = new AsyncDisposableStack();
beforeAll(async () => {
  servers = await openTestServers({ sets: 2, postgres: true });
  reports = stack.use(await openTestReports(servers));
  const sets = servers.sets.map(({ name, region, uri, database }) => ({ set: name as SetId, region, uri, database }));
  for (const { uri, database } of sets) await setupMongoSchemaAt(uri, database);
  const shared = { clock: systemClock, random: systemRandom, log: silentLogger, owner: "test", writers: 1 };
  stores = [...stack.use(await openMongoStores(sets, shared)).bySet.values()];
  await putDirectory(stores.slice(0, 1), { accounts: [], routes: [], numbers: [] });
  env = { GODWIT_SETS: JSON.stringify(sets), GODWIT_POSTGRES_URL: reports.url };
}, 180_000);
afterAll(() => stack.disposeAsync(), 60_000);

/** Runs `godwit sets …` in this process. */
async function sets(...args: readonly string[]) {
  const told = { code: 0, out: "", err: "" };
  const program = new Command("godwit");
  addSetsCommand(program, {
    env,
    stdout: { write: (text) => (told.out += text) },
    stderr: { write: (text) => (told.err += text) },
    exit: (code) => {
      told.code = code;
    },
  });
  await program.parseAsync(["sets", ...args], { from: "user" });
  return told;
}

const nth = (i: number): Store => {
  const store = stores[i];
  if (store === undefined) throw new Error(`no set ${i}`);
  return store;
};
async function directoryOf(store: Store) {
  return (await store.directory.head()).at === undefined ? undefined : loadDirectory(store);
}

test("a set that is new comes in readonly, gets the opt-outs of the others, and then is up", async () => {
  const change = { account: "demo" as AccountId, number: "+61400000001" as E164, out: true, at: 5 };
  await nth(0).commit({ optOuts: [change] });
  expect(await sets("readonly", lost)).toMatchObject({ code: 0, err: "" });
  const first = await directoryOf(nth(1));
  expect(first?.sets.map(({ set, state }) => `${set} ${state}`)).toEqual(["syd1 up", "syd2 readonly"]);
  // It was never in a list of sets for keys: those go on as before.
  expect(first?.keyLists.map((list) => list.sets.map(({ set }) => `${set}`))).toEqual([["syd1"]]);

  expect(await sets("up", lost)).toMatchObject({ code: 0, err: "" });
  const key = optOutKey(change.account, change.number);
  expect(await nth(1).optedOut([key])).toEqual(new Set([key]));
  const second = await directoryOf(nth(0));
  expect([second?.version, second?.keyLists.length]).toEqual([3, 2]);
}, 60_000);

test("the list says of each set what it is, and what waits there", async () => {
  await nth(0).commit({ chunks: [{ id: mint.chunkId(), lane: lanes.dead, items: [{ a: 1 }, { a: 2 }] }] });
  const table = (await sets("list")).out;
  expect(table).toMatch(/SET +REGION +STATE +REACHABLE/);
  expect(table).toMatch(/syd1 +syd +up, home +yes +\d+ +\d+ s +dead 2/);
  const lines = (await sets("list", "--json")).out.trim().split("\n");
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([
    {
      set: "syd1",
      state: "up",
      home: true,
      reachable: true,
      restored: false,
      directory: 3,
      lanes: { dead: { items: 2 } },
    },
    { set: "syd2", state: "up", home: false, reachable: true },
  ]);
}, 60_000);

test("the home of the directory is moved with one command, and back", async () => {
  expect((await sets("home", syd)).err).toContain("syd1 is the home of the directory already");
  const moved = await sets("home", lost);
  expect([moved.code, moved.out]).toEqual([
    0,
    expect.stringContaining("syd2 is the home of the directory by change 4"),
  ]);
  expect((await sets("list")).out).toMatch(/syd2 +syd +up, home +yes/);
  const held = await directoryOf(nth(0));
  expect([held?.home, held?.at?.epoch]).toEqual([lost, 2]);
  expect(await sets("home", syd)).toMatchObject({ code: 0, err: "" });
}, 60_000);

test("retire refuses with all that is left, and changes nothing", async () => {
  expect((await sets("retire", syd)).err).toContain("drain syd1' comes first");
  expect(await sets("drain", syd)).toMatchObject({ code: 0 });
  const open = deliveredLife(mint.messageId(syd), systemClock.now()).slice(0, 3);
  await nth(0).commit({ events: open });
  await nth(1).commit({ chunks: [{ id: mint.chunkId(), lane: lanes.relay(syd), items: [{}] }] });
  const unread = await sets("retire", syd);
  expect(unread.code).toBe(1);
  const left = ["2 items in 1 chunks on lane dead", "lane relay.syd1 of syd2", "PostgreSQL has not read yet"];
  for (const said of [...left, "Idempotency-Keys that it took count until"]) expect(unread.err).toContain(said);
  const forgotten = await sets("retire", syd, "--forget-keys");
  expect([forgotten.code, forgotten.err.includes("Idempotency")]).toEqual([1, false]);
  for (const said of left) expect(forgotten.err).toContain(said);
  await projectAll(reports.database, stores);
  expect((await sets("retire", syd)).err).toContain("1 messages of the last 72 h without a final state");
  expect((await directoryOf(nth(0)))?.sets[0]?.state).toBe("drain");
}, 60_000);

test("a set that comes out of a backup is put back only when its loss is made good or accepted", async () => {
  const store = nth(1);
  const ids = [0, 1].map(() => mint.messageId(lost));
  for (const id of ids) await store.commit({ events: deliveredLife(id, START) });
  await projectAll(reports.database, stores);
  expect(await sets("reconcile", lost)).toMatchObject({ code: 0, err: "" });
  // The last batch is gone, as if the backup had been taken before it.
  const [{ uri, database } = { uri: "", database: "" }] = servers.sets.slice(1);
  await using client = await new MongoClient(uri).connect();
  for (const { name } of await client
    .db(database)
    .listCollections({ name: /^events/ })
    .toArray()) {
    await client
      .db(database)
      .collection(name)
      .deleteMany({ events: { $regex: `"${ids[1]}"` } });
  }
  expect(await sets("restored", lost)).toMatchObject({ code: 0 });
  expect((await sets("up", lost)).err).toContain("was restored from a backup");
  expect((await sets("list")).out).toContain("up, restored: sends nothing");

  const refused = await sets("reconcile", lost);
  expect(refused.code).toBe(1);
  expect(refused.out).toContain("PostgreSQL is ahead of syd2: it has 1 batches of 1 writers");
  expect(await store.standing()).toBe("restored");

  const accepted = await sets("reconcile", lost, "--accept");
  expect([accepted.code, accepted.err]).toEqual([0, ""]);
  expect(accepted.out).toContain("1 batches are back");
  expect(await store.standing()).toBe("in_service");
  expect(statusOf(foldEvents(await store.events.ofMessage(ids[1] ?? mint.messageId(lost))))).toBe("delivered");
  await projectAll(reports.database, stores);
  expect(await verify({ ...reports, stores })).toEqual([]);
}, 60_000);

test("what cannot be is said in a sentence", async () => {
  expect((await sets("up", "fra9")).err).toBe("fra9 is none of the sets of GODWIT_SETS: add its address there.\n");
  expect((await sets("restored", "fra9")).err).toContain("none of the sets");
});
