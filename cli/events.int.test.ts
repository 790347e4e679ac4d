/** `godwit schema` and `godwit events` on a real set with real reports: what is dropped was read, and verify agrees. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { Command } from "commander";
import { MongoClient } from "mongodb";
import { openCollections } from "#core/store/mongo/documents.ts";
import { type Month, monthOf, startOfMonth } from "#core/store/mongo/months.ts";
import { openMongoStore } from "#core/store/mongo/open-mongo-store.ts";
import { openMonths } from "#core/store/mongo/open-months.ts";
import { storeRoles } from "#core/store/mongo/store-roles.ts";
import { closedBatch } from "#core/store/mongo/writer.ts";
import type { Store } from "#core/store/store.ts";
import { systemClock } from "#domain/clock.ts";
import { createIdMint, type SetId } from "#domain/ids.ts";
import { silentLogger } from "#domain/log.ts";
import { systemRandom } from "#domain/random.ts";
import { openTestServers, type TestServers } from "#testkit/servers.ts";
import { verify } from "../reporting/projector/verify.ts";
import { openTestReports, projectAll, type TestReports } from "../reporting/testing/open-test-reports.ts";
import { deliveredLife } from "../reporting/testing/sample-events.ts";
import { addEventsCommand } from "./events.ts";
import { addSchemaCommand } from "./schema.ts";

const set = "syd1" as SetId;
const DAY_MS = 86_400_000;
const past: Month = monthOf(startOfMonth(monthOf(systemClock.now())) - 40 * DAY_MS);
const mintAt = (at: number) => createIdMint({ clock: { ...systemClock, now: () => at }, random: systemRandom });

let servers: TestServers;
let reports: TestReports;
let client: MongoClient;
let target: TestServers["sets"][number];

beforeAll(async () => {
  servers = await openTestServers({ sets: 1, postgres: true });
  reports = await openTestReports(servers);
  const [first] = servers.sets;
  if (first === undefined) throw new Error("No replica set was started");
  target = first;
  client = new MongoClient(target.uri);
}, 120_000);
afterAll(async () => {
  for (const role of storeRoles) await client.db("admin").command({ dropRole: `godwit_${role}` });
  await client.close();
  await reports[Symbol.asyncDispose]();
});

/** What a command said, and whether it ended the process with a failure. */
async function godwit(...argv: readonly string[]) {
  return run([...argv, "--uri", target.uri, "--database", target.database]);
}

async function run(argv: readonly string[]) {
  const said = { out: "", err: "", code: 0 };
  const host = {
    stdout: {
      write(text: string) {
        said.out += text;
      },
    },
    stderr: {
      write(text: string) {
        said.err += text;
      },
    },
    exit(code: number) {
      said.code = code;
    },
  };
  const program = new Command("godwit").exitOverride();
  addSchemaCommand(program, host);
  addEventsCommand(program, host);
  await program.parseAsync([...argv], { from: "user" });
  return said;
}

const drop = (month: string) => godwit("events", "drop", "--month", month, "--set", set, "--postgres", reports.url);

/** Events of a message of the past month, in the collection of then. */
async function plantPast(): Promise<void> {
  const at = startOfMonth(past) + 3 * DAY_MS;
  const db = client.db(target.database);
  await openMonths(db, [past]);
  const { eventsOf, schema, writers } = openCollections(db);
  // This month was made ahead, as they are.
  await schema.updateOne({}, { $set: { [`months.${monthOf(systemClock.now())}`]: new Date(at) } });
  const [mint, when] = [mintAt(at), new Date(at)];
  const [writer, message] = [mint.writerId(), mint.messageId(set)];
  await writers.insertOne({ _id: writer, month: past, owner: "then", openedAt: when, seenAt: when, closed: true });
  const events = JSON.stringify(deliveredLife(message, at));
  const keys = [message];
  await eventsOf(past).insertMany([
    { _id: `${writer}:0000000001`, kind: "events", at: when, keys, events, step: "s" },
    closedBatch(writer, 2, at),
  ]);
}

function openStore(): Promise<Store> {
  const { uri, database } = target;
  const deps = { clock: systemClock, random: systemRandom, log: silentLogger, owner: "test", writers: 1 };
  return openMongoStore({ set, region: "syd", uri, database, ...deps });
}

test("a set is set up, and a month of it dropped once PostgreSQL has read it; the reports still verify", async () => {
  expect((await godwit("schema")).out).toContain("was of version 0 and is of version");
  expect(await godwit("schema")).toMatchObject({ code: 0, err: "", out: expect.stringContaining(" is of version") });
  await plantPast();
  await using store = await openStore();
  const now = systemClock.now();
  const life = deliveredLife(mintAt(now).messageId(set), now);
  expect((await store.commit({ events: life })).type).toBe("committed");

  const listed = (await godwit("events", "list")).out.split("\n");
  expect(listed[0]).toMatch(new RegExp(`^${past}\t.*\t1 writers\t0 open\tover$`));
  expect(listed[1]).toContain("1 open\twritten to");

  const unread = expect.stringContaining("PostgreSQL has not read 1 of its writers to their end");
  expect(await drop(past)).toMatchObject({ code: 1, out: "", err: unread });
  expect(await drop(monthOf(now))).toMatchObject({ code: 1, err: expect.stringContaining("it is not over") });
  await projectAll(reports.database, [store]);
  const messages = "SELECT count(*) AS n FROM godwit.message";
  const both = await reports.database.run(messages);
  expect(await verify({ ...reports, stores: [store] })).toEqual([]);

  expect(await drop(past)).toMatchObject({ code: 0, err: "", out: `The events of ${past} are gone from syd1.\n` });
  expect((await godwit("events", "list")).out.startsWith(past)).toBe(false);
  await projectAll(reports.database, [store]);
  expect(await reports.database.run(messages)).toEqual(both);
  expect(both.rows).toEqual([{ n: "2" }]);
  // Of what is kept a difference is still found.
  const ofNow = `WHERE id LIKE '%${life[0]?.message.slice(-16)}'`;
  if (now - startOfMonth(monthOf(now)) > 2 * 3_600_000) {
    expect(await verify({ ...reports, stores: [store] })).toEqual([]);
    await reports.database.run(`UPDATE godwit.message SET status = 'queued' ${ofNow}`);
    expect((await verify({ ...reports, stores: [store] })).length).toBe(1);
  }
}, 120_000);

test("a set that cannot be reached, and a month that is none, are said in one line", async () => {
  const { code, err } = await run(["schema", "--uri", "mongodb://127.0.0.1:1/"]);
  expect([code, err.trim().split("\n").length]).toEqual([1, 1]);
  const asked = godwit("events", "drop", "--month", "yesterday", "--set", set, "--postgres", "postgres://x");
  await expect(asked).rejects.toThrow("A month looks like 2026-08.");
}, 60_000);
