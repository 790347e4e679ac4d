/** `godwit dead` as an operator uses it, on a real set and beside one that is away. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { join } from "node:path";
import { openMongoStore } from "#core/store/mongo/open-mongo-store.ts";
import { setupMongoSchemaAt } from "#core/store/mongo/schema.ts";
import type { Store } from "#core/store/store.ts";
import { toDead } from "#core/worker/dead-item.ts";
import { systemClock } from "#domain/clock.ts";
import { type ChunkId, createIdMint, type SetId } from "#domain/ids.ts";
import { type Lane, lanes } from "#domain/lane.ts";
import { silentLogger } from "#domain/log.ts";
import { systemRandom } from "#domain/random.ts";
import { openTestServers, type TestServers } from "#testkit/servers.ts";

const mint = createIdMint({ clock: systemClock, random: systemRandom });
const syd = "syd1" as SetId;
let servers: TestServers;
let store: Store;
let sets: readonly object[];

beforeAll(async () => {
  servers = await openTestServers({ sets: 1, postgres: false });
  const [target] = servers.sets;
  if (target === undefined) throw new Error("No replica set was started");
  const { uri, database } = target;
  await setupMongoSchemaAt(uri, database);
  const rest = { clock: systemClock, random: systemRandom, log: silentLogger, owner: "test", writers: 1 };
  store = await openMongoStore({ set: syd, region: "syd", uri, database, ...rest });
  sets = [{ set: syd, region: "syd", uri, database }];
}, 120_000);
afterAll(async () => {
  await store[Symbol.asyncDispose]();
  await servers[Symbol.asyncDispose]();
});

async function godwit(args: readonly string[], of = sets) {
  const child = Bun.spawn([process.execPath, join(import.meta.dir, "main.ts"), "dead", ...args], {
    env: { PATH: process.env.PATH ?? "", GODWIT_SETS: JSON.stringify(of) },
    stdout: "pipe",
    stderr: "pipe",
  });
  const [out, err] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  return { code: await child.exited, lines: out.split("\n").filter((line) => line !== ""), err };
}

async function bury(lane: Lane, item: unknown): Promise<ChunkId> {
  const dead = toDead({ lane, deliveries: 5, enqueuedAt: 1 }, item, "boom\nat once", systemClock.now());
  const id = mint.chunkId();
  expect((await store.commit({ chunks: [{ id, lane: lanes.dead, items: [dead] }] })).type).toBe("committed");
  return id;
}

function reply(text: string): object {
  return { id: mint.unique(), provider: "sim", from: "+61400000001", to: "12", text, receivedAt: 1 };
}

test("list, show, retry and discard: each says what it did, and does it", async () => {
  const message = mint.messageId(syd);
  const inbox = await bury(lanes.inbox("bulk"), { id: message });
  const [one, two] = [await bury(lanes.replies, reply("secret")), await bury(lanes.replies, reply("other"))];

  const list = await godwit(["list"]);
  expect(list).toMatchObject({ code: 0, err: "" });
  expect(list.lines.map((line) => line.split("  ")[0])).toEqual([inbox, one, two]);
  expect(list.lines[0]).toContain(`syd1  inbox.bulk  `);
  expect(list.lines[0]).toEndWith(`${message}  boom at once`);
  expect(list.lines.join()).not.toContain("secret");
  const json = await godwit(["list", "--lane", "replies", "--set", "syd1", "--json"]);
  expect(json.lines.map((line) => JSON.parse(line))).toMatchObject([{ chunk: one }, { chunk: two }]);

  const shown = await godwit(["show", one]);
  expect(JSON.parse(shown.lines.join("\n"))).toMatchObject({ set: syd, stored: { item: { text: "secret" } } });

  const some = await godwit(["retry", inbox, one]);
  expect([some.code, some.lines]).toEqual([1, [`${one}: back on its lane`]]);
  expect(some.err).toContain(`${inbox}: left where it is, not an item of lane 'inbox.bulk'`);
  const all = await godwit(["retry", "--all", "--lane", "replies"]);
  expect([all.code, all.lines]).toEqual([0, ["1 back on lane replies, 0 left where they are."]]);
  expect((await store.depth()).get(lanes.replies)?.items).toBe(2);

  expect(await godwit(["discard", inbox])).toMatchObject({ code: 0, lines: [`${inbox}: thrown away`] });
  expect(await store.events.ofMessage(message)).toMatchObject([{ type: "discarded", burial: inbox }]);
  expect(await store.dead({ max: 9 })).toEqual([]);
  expect((await godwit(["discard", inbox])).err).toContain("not found on lane dead");
}, 60_000);

test("a set that is away is named, and the others are served", async () => {
  const chunk = await bury(lanes.replies, reply("hi"));
  const gone = { set: "lon1", region: "lon", uri: "mongodb://127.0.0.1:1/?replicaSet=none", database: "none" };
  const list = await godwit(["list"], [gone, ...sets]);
  expect(list).toMatchObject({ code: 1, lines: [expect.stringContaining(chunk)] });
  expect(list.err).toContain("Set lon1 did not answer");
  expect((await godwit(["list", "--set", "lon2"])).err).toContain("'lon2' is none of the sets of GODWIT_SETS: syd1");
  expect(await godwit(["retry", chunk], [gone, ...sets])).toMatchObject({ code: 0 });
}, 60_000);

test("what is typed wrongly changes nothing", async () => {
  for (const args of [["retry"], ["retry", "--all"], ["retry", mint.chunkId(), "--lane", "replies"], ["discard"]]) {
    const { code, err } = await godwit(args);
    expect([args, code, err === ""]).toEqual([args, 1, false]);
  }
}, 60_000);
