/**
 * The directory on real sets that are cut off and come back: reads go on, what was acknowledged stays, what only a home
 * that was left behind had is taken back, and a set that is new has all of it within seconds.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { openMongoStore } from "#core/store/mongo/open-mongo-store.ts";
import { setupMongoSchemaAt } from "#core/store/mongo/schema.ts";
import type { Store } from "#core/store/store.ts";
import { systemClock } from "#domain/clock.ts";
import type { AccountId, SetId } from "#domain/ids.ts";
import type { LogEventName, LogEvents, Logger } from "#domain/log.ts";
import { systemRandom } from "#domain/random.ts";
import { openTestServers, type TestServers } from "#testkit/servers.ts";
import { openSocksProxy, type SocksProxy } from "#testkit/socks-proxy.ts";
import { until } from "#testkit/until.ts";
import type { AccountInput } from "./account.ts";
import type { DirectorySnapshot } from "./directory.ts";
import { createDirectoryWriter, type DirectoryWriter, type Edit } from "./directory-writer.ts";
import { followDirectory } from "./follow-directory.ts";
import { type LiveDirectory, openDirectory } from "./open-directory.ts";
import { loadDirectory } from "./read-directory.ts";
import { parseRecord, recordKeys } from "./records.ts";
import { writeDirectory } from "./write-directory.ts";

const [syd1, syd2, sin1] = ["syd1", "syd2", "sin1"] as [SetId, SetId, SetId];
const BOUND_MS = 30_000;
const TEST_MS = 90_000;
const base = { clock: systemClock, random: systemRandom };

const stack = new AsyncDisposableStack();
const said: string[] = [];
const line = <N extends LogEventName>(name: N, fields: LogEvents[N]): void =>
  void said.push(`${name} ${JSON.stringify(fields)}`);
const log: Logger = { info: line, error: line };
let servers: TestServers;
let proxies: readonly [SocksProxy, SocksProxy];
/** The first two over links that can be cut; the third is empty, and nobody knows of it yet. */
let stores: readonly [Store, Store, Store];
let writer: DirectoryWriter;
let live: LiveDirectory;

async function open(set: SetId, at: { readonly uri: string; readonly database: string }, proxy?: SocksProxy) {
  await setupMongoSchemaAt(at.uri, at.database);
  const far = proxy === undefined ? "" : `&proxyHost=127.0.0.1&proxyPort=${proxy.port}`;
  const options = { ...base, set, region: "syd", log, owner: "directory", writers: 1 };
  return stack.use(await openMongoStore({ ...options, uri: `${at.uri}${far}`, database: at.database }));
}

/** What a worker does for the directory. */
function startFollowing(followed: readonly Store[]): LiveDirectory {
  const stop = new AbortController();
  stack.defer(() => stop.abort());
  const directory = stack.use(openDirectory({ ...base, stores: followed, log }));
  const context = { ...base, stores: new Map(followed.map((store) => [store.set, store])), directory, log };
  for (const store of followed) void followDirectory(context, { store, signal: stop.signal });
  return directory;
}

beforeAll(async () => {
  servers = stack.use(await openTestServers({ sets: 2, postgres: false }));
  proxies = [stack.use(await openSocksProxy()), stack.use(await openSocksProxy())];
  const [one, two] = servers.sets;
  if (one === undefined || two === undefined) throw new Error("The test was given fewer than two sets");
  const third = { ...one, database: `${one.database}_third` };
  stores = [await open(syd1, one, proxies[0]), await open(syd2, two, proxies[1]), await open(sin1, third)];
  const known = stores.slice(0, 2);
  writer = createDirectoryWriter({ ...base, stores: known, actor: "ann", request: "r-7" });
  const written = await writeDirectory(
    { ...base, stores: known, actor: "setup" },
    { accounts: [account("acme")], routes: [{ prefix: "+", provider: "sim" }], numbers: [] },
  );
  expect(written.type).toBe("changed");
  live = startFollowing(known);
  await sees((directory) => directory.home === syd1);
}, TEST_MS);
afterAll(() => stack.disposeAsync(), TEST_MS);

const account = (id: string, name = id): AccountInput => ({ id, name, currency: "AUD", inDoubt: "keep", keys: [] });
const put =
  (input: AccountInput): Edit =>
  () => {
    const parsed = parseRecord(recordKeys.account(input.id), input);
    return parsed.type === "parsed"
      ? { writes: [parsed.write], problems: [] }
      : { writes: [], problems: parsed.problems };
  };
const nameOf = (directory: DirectorySnapshot | undefined, id: string) => directory?.account(id as AccountId)?.name;

function sees(isSo: (directory: DirectorySnapshot) => boolean): Promise<unknown> {
  return until("the live directory to see it", BOUND_MS, async () => {
    const current = live.current();
    return current !== undefined && isSo(current) ? true : undefined;
  });
}

function holds(store: Store, isSo: (directory: DirectorySnapshot) => boolean): Promise<unknown> {
  return until(`${store.set} to hold it`, BOUND_MS, async () => {
    const held = await loadDirectory(store).catch(() => undefined);
    return held !== undefined && isSo(held) ? true : undefined;
  });
}

test(
  "of many that change one record at once each builds on the one before, and each says who it was",
  async () => {
    const deps = { ...base, stores: stores.slice(0, 2) };
    const writers = ["bob", "eve", "joe"].map((actor) => createDirectoryWriter({ ...deps, actor }));
    const longer: Edit = (held) => put(account("acme", `${nameOf(held, "acme")}x`))(held);
    const changes = await Promise.all(writers.map((each) => each.change(longer)));
    expect(changes.map(({ type }) => type)).toEqual(["changed", "changed", "changed"]);
    expect(nameOf(await loadDirectory(stores[0]), "acme")).toBe("acmexxx");
    const log = await stores[1].directory.changes({ after: 1 });
    expect(log.map(({ actor }) => actor).toSorted()).toEqual(["bob", "eve", "joe"]);
    const [, second] = log;
    const names = second?.writes.map(({ before, after }) => [before, after].map((body) => JSON.parse(body ?? "").name));
    expect(names).toEqual([["acmex", "acmexx"]]);
    await sees((directory) => nameOf(directory, "acme") === "acmexxx");
  },
  TEST_MS,
);

test(
  "what is no directory is refused with what is wrong, and nothing is changed",
  async () => {
    const before = (await loadDirectory(stores[0])).at;
    const problems = (edit: Edit) => writer.change(edit).then((change) => "problems" in change && change.problems);
    expect(await problems(put({ ...account("shop"), parent: "nobody" }))).toEqual([
      { key: "account/shop", field: "parent", message: "there is no account 'nobody': make it first" },
    ]);
    expect(await problems(put({ ...account("acme"), currency: "EUR" }))).toMatchObject([{ field: "currency" }]);
    const many = Array.from({ length: 1_001 }, (_, i) => put(account(`a${i}`)));
    expect(await problems((held) => ({ writes: many.flatMap((one) => one(held).writes), problems: [] }))).toMatchObject(
      [{ message: expect.stringContaining("1001 records") }],
    );
    expect((await loadDirectory(stores[0])).at).toEqual(before as never);
  },
  TEST_MS,
);

test(
  "a change that a second set cannot take yet is pending, and held there when it is back",
  async () => {
    proxies[1].cut();
    expect(await writer.change(put(account("late")))).toMatchObject({ type: "pending", at: { home: syd1 } });
    proxies[1].heal();
    await holds(stores[1], (directory) => nameOf(directory, "late") === "late");
  },
  TEST_MS,
);

test(
  "without its home it is read as before and changed by nobody; moved, it goes on, and the old home follows",
  async () => {
    // Only the home will have this one, and nobody is told that it is made.
    proxies[1].cut();
    expect((await writer.change(put(account("lost")))).type).toBe("pending");
    proxies[0].cut();
    proxies[1].heal();
    await until("the second set to answer", BOUND_MS, async () => stores[1].directory.head().catch(() => undefined));
    expect(nameOf(live.current(), "acme")).toBe("acmexxx");
    const refused = await writer.change(put(account("none")));
    expect(refused).toMatchObject({
      type: "unavailable",
      why: expect.stringContaining("syd1, the home of the directory"),
    });

    expect(await writer.moveHome(syd2)).toMatchObject({ type: "pending", at: { epoch: 2, home: syd2 } });
    expect(await writer.change(put(account("next")))).toMatchObject({ type: "pending", at: { epoch: 2 } });
    await sees((directory) => directory.home === syd2 && nameOf(directory, "next") === "next");
    expect(nameOf(live.current(), "lost")).toBeUndefined();

    proxies[0].heal();
    await holds(stores[0], (directory) => directory.home === syd2 && nameOf(directory, "next") === "next");
    expect(nameOf(await loadDirectory(stores[0]), "lost")).toBeUndefined();
    expect(said.filter((one) => one.startsWith("directory.dropped"))).toHaveLength(1);
    expect(await writer.change(put(account("after")))).toMatchObject({ type: "changed", at: { epoch: 2 } });
  },
  TEST_MS,
);

test(
  "a set that is new is brought to where the others are, change by change",
  async () => {
    startFollowing(stores);
    const { at } = await loadDirectory(stores[1]);
    await holds(stores[2], (directory) => directory.at?.change === at?.change);
    const logs = await Promise.all(stores.map((store) => store.directory.changes({ after: 0 })));
    expect(logs[2]).toEqual(logs[1] ?? []);
  },
  TEST_MS,
);
