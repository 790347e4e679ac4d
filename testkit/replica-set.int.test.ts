import { afterAll, beforeAll, expect, test } from "bun:test";
import { once } from "node:events";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MongoClient } from "mongodb";
import { DataInUseError } from "./data-dir-lock.ts";
import { freePorts } from "./ports.ts";
import { openReplicaSet, type ReplicaSet, type ReplicaSetOptions } from "./replica-set.ts";
import { openSocksProxy } from "./socks-proxy.ts";
import { findTool } from "./tools.ts";
import { until } from "./until.ts";

const ELECTION_BOUND_MS = 10_000;
const REJOIN_BOUND_MS = 30_000;

let dir = "";
let mongodPath = "";
let ports: readonly number[] = [];
let set: ReplicaSet;

const open = (changes: Partial<ReplicaSetOptions> = {}): Promise<ReplicaSet> =>
  openReplicaSet({
    name: "syd1",
    region: "syd",
    dataDir: join(dir, "syd1"),
    ports,
    mongodPath,
    users: [{ name: "app", password: "p@ss/word", roles: ["appender"] }],
    customRoles: [
      {
        role: "appender",
        db: "admin",
        privileges: [{ resource: { db: "shop", collection: "" }, actions: ["find", "insert"] }],
        roles: [],
      },
    ],
    ...changes,
  });

/** Runs `work` with a client of user "app", whose role may read and insert in database shop, no more. */
async function asApp<T>(work: (client: MongoClient) => Promise<T>): Promise<T> {
  const client = new MongoClient(set.uri("app"));
  try {
    return await work(client);
  } finally {
    await client.close();
  }
}

const insert = (id: string): Promise<unknown> =>
  asApp((client) => client.db("shop").collection<{ _id: string }>("orders").insertOne({ _id: id }));
const count = (): Promise<number> => asApp((client) => client.db("shop").collection("orders").countDocuments());

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), "godwit-set-"));
  mongodPath = (await findTool("mongod")).path;
  ports = await freePorts(3);
  set = await open();
});

afterAll(async () => {
  await set?.[Symbol.asyncDispose]();
  rmSync(dir, { recursive: true, force: true });
});

test("three real members with authentication, journal and majority writes come up", async () => {
  expect(set.members.map((member) => member.alive)).toEqual([true, true, true]);
  await using admin = await new MongoClient(set.adminUri).connect();
  const { config } = await admin.db("admin").command({ replSetGetConfig: 1 });
  expect(config.writeConcernMajorityJournalDefault).toBe(true);
  expect(config.settings.electionTimeoutMillis).toBe(2000);
  expect(config.members.filter((member: { arbiterOnly: boolean }) => member.arbiterOnly)).toEqual([]);
  const defaults = await admin.db("admin").command({ getDefaultRWConcern: 1 });
  expect(defaults.defaultWriteConcern.w).toBe("majority");
  await insert("first");
  expect(await count()).toBe(1);
});

test("a wrong password, no password and a missing right are refused", async () => {
  const wrong = new MongoClient(set.uri("app").replace(encodeURIComponent("p@ss/word"), "guess"));
  await expect(wrong.connect()).rejects.toThrow("Authentication failed");
  await wrong.close();
  const anonymous = new MongoClient(
    set
      .uri("app")
      .replace(/\/\/.*@/, "//")
      .replace("authSource=admin", ""),
  );
  await expect(anonymous.db("shop").collection("orders").countDocuments()).rejects.toThrow("requires authentication");
  await anonymous.close();
  await expect(asApp((client) => client.db("shop").collection("orders").deleteMany({}))).rejects.toThrow(
    "not authorized",
  );
});

test("what guards the set is readable by its owner alone", () => {
  for (const file of ["key-file", "admin-password"]) {
    expect(statSync(join(dir, "syd1", file)).mode & 0o777).toBe(0o600);
  }
});

test("a second opening of the same data is refused with the owner's process id", async () => {
  const error = await open().catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(DataInUseError);
  expect(String(error)).toContain(`is in use by this process (pid ${process.pid})`);
  expect(set.members.every((member) => member.alive)).toBe(true);
});

test("a taken port is named with its owner, and nothing is left running", async () => {
  const server = createServer();
  const [taken = 0, ...others] = await freePorts(3);
  await once(server.listen(taken, "127.0.0.1"), "listening");
  try {
    const opening = open({ name: "syd9", dataDir: join(dir, "syd9"), ports: [taken, ...others] });
    await expect(opening).rejects.toThrow(new RegExp(`^Port ${taken} is taken by .*`));
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
});

test("a member that cannot start says why", async () => {
  const opening = open({ name: "syd9", dataDir: join(dir, "syd9"), ports: await freePorts(3), cacheMegabytes: -1 });
  await expect(opening).rejects.toThrow(/^Member \d of set syd9 did not start: /);
});

test("another member takes over from a killed primary, which rejoins after restart()", async () => {
  const old = await set.primary();
  await old.kill();
  expect(old.alive).toBe(false);
  const next = await set.waitForPrimary(ELECTION_BOUND_MS);
  expect(next.port).not.toBe(old.port);
  await insert("while one is down");
  await old.restart();
  await set.waitForHealthy(REJOIN_BOUND_MS);
  expect(await count()).toBe(2);
});

test("a paused primary is replaced, and steps back when it goes on", async () => {
  const old = await set.primary();
  old.signal("SIGSTOP");
  const next = await until("another primary", ELECTION_BOUND_MS, async () => {
    const primary = await set.waitForPrimary(ELECTION_BOUND_MS);
    return primary.port === old.port ? undefined : primary;
  });
  old.signal("SIGCONT");
  await set.waitForHealthy(REJOIN_BOUND_MS);
  expect((await set.primary()).port).toBe(next.port);
});

test("stepDown() hands over to another member", async () => {
  const old = await set.primary();
  await set.stepDown();
  expect((await set.waitForPrimary(ELECTION_BOUND_MS)).port).not.toBe(old.port);
});

test("the driver reaches the set through a slow link", async () => {
  await using proxy = await openSocksProxy();
  const link = { proxyHost: "127.0.0.1", proxyPort: String(proxy.port) };
  await using client = await new MongoClient(set.uri("app", link)).connect();
  proxy.setDelayMs(60);
  const started = performance.now();
  await client.db("shop").command({ ping: 1 });
  expect(performance.now() - started).toBeGreaterThan(100);
  expect(proxy.counters.bytesUp).toBeGreaterThan(0);
});

test("data, users and passwords are found again, also on other ports", async () => {
  const adminUri = set.adminUri;
  await set[Symbol.asyncDispose]();
  expect(set.members.map((member) => member.alive)).toEqual([false, false, false]);
  set = await open();
  expect(set.adminUri).toBe(adminUri);
  expect(await count()).toBe(2);

  await set[Symbol.asyncDispose]();
  ports = await freePorts(3);
  set = await open();
  expect(set.members.map((member) => member.port)).toEqual([...ports]);
  await insert("on other ports");
  expect(await count()).toBe(3);
});
