/** The sources on a platform as `npm start` runs it: real mongods, PostgreSQL and roles; one opening for all. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { chmodSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Store } from "#core/store/store.ts";
import { systemClock } from "#domain/clock.ts";
import { openPlatform, type Platform, type RoleName } from "#testkit/platform.ts";
import { DEMO_PROVIDER } from "#testkit/platform-directory.ts";
import { DATABASE } from "#testkit/platform-sets.ts";
import { readCommandEnvironment } from "#testkit/role-process.ts";
import { until } from "#testkit/until.ts";
import { openReportsDatabase } from "../../../reporting/reports-database.ts";
import { dueReference } from "../../scenarios/due-time.ts";
import { calibrate } from "./calibrate.ts";
import { measureEndToEnd } from "./end-to-end.ts";
import { planDisk } from "./plan-disk.ts";
import { keepCommitTimes, measureProjectionLag } from "./projection-lag.ts";
import { readSeries } from "./read-series.ts";
import { createDiskSource } from "./sample-disk.ts";
import { createHostSource } from "./sample-host.ts";
import { createLanesSource } from "./sample-lanes.ts";
import { createMongodSource } from "./sample-mongod.ts";
import { createPostgresSource } from "./sample-postgres.ts";
import { createRolesSource } from "./sample-roles.ts";
import type { SampleSource } from "./sample-source.ts";
import { startSampler } from "./sampler.ts";

const BOUND_MS = 120_000;
const MESSAGES = 200;
/** Long enough for a collection, short enough for a test. */
const LIVE_HEAP_SECONDS = "5";
const WATCHED: readonly RoleName[] = ["edge", "worker", "connectors", "projector", "reports"];

let folder = "";
let platform: Platform;
let stores: readonly Store[] = [];
let reportsUrl = "";

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "godwit-measure-"));
  chmodSync(folder, 0o711);
  platform = await openPlatform({
    dataDir: join(folder, "data"),
    sets: [{ set: "syd1", region: "syd" }],
    region: "syd",
    edgeRuntime: "deno",
    roles: { type: "source" },
    durablePostgres: false,
  });
  for (const name of WATCHED) {
    const role = platform.roles.get(name);
    const env = readCommandEnvironment(join(folder, "data", "roles", `${name}.env`));
    const more = { GODWIT_LIVE_HEAP_EVERY_SECONDS: LIVE_HEAP_SECONDS, DENO_V8_FLAGS: "--expose-gc" };
    role?.reconfigure({ ...env, ...more });
  }
  await keepCommitTimes(platform.postgres);
  await Promise.all(WATCHED.map((name) => platform.roles.get(name)?.restart()));
  await Promise.all(WATCHED.map((name) => platform.roles.get(name)?.waitForReady(BOUND_MS)));
  stores = await platform.openStores();
  const url = new URL(platform.postgres.adminUri);
  url.pathname = new URL(platform.analystUrl).pathname;
  reportsUrl = url.href;
}, BOUND_MS);

afterAll(async () => {
  await Promise.all(stores.map((store) => store[Symbol.asyncDispose]()));
  await platform?.[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
}, BOUND_MS);

function processes(): ReadonlyMap<string, readonly number[]> {
  const pids = (...all: readonly (number | undefined)[]): readonly number[] => all.filter((pid) => pid !== undefined);
  return new Map([
    ...platform.sets.flatMap(({ name, members }) =>
      members.map(({ index, pid }) => [`${name}.${index}`, pids(pid)] as const),
    ),
    ["postgres", pids(platform.postgres.pid)],
    ...[...platform.roles].map(([name, { pid }]) => [name, pids(pid)] as const),
  ]);
}

async function send(count: number, plannedAt: number): Promise<void> {
  const to = Array.from({ length: count }, (_, i) => `+614${String(10_000_000 + i)}`);
  const body = { to, from: "Godwit", text: "Measure me", client_reference: dueReference(plannedAt) };
  const response = await fetch(`${platform.edgeUrl}/v1/messages`, {
    method: "POST",
    headers: { authorization: `Bearer ${platform.apiKey}`, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  expect([response.status, await response.text()]).toEqual([202, expect.any(String)]);
}

test(
  "end-to-end latency and projection lag are those of the messages that were planned in the windows",
  async () => {
    const now = systemClock.now();
    // Planned two seconds before they were sent, as by a load that was held up.
    await send(MESSAGES, now - 2_000);
    await send(7, now - 500_000);
    const windows = [{ from: now - 2_500, to: now - 1_500 }];
    const done = await until("all messages to be final in PostgreSQL", BOUND_MS, async () => {
      const found = await measureEndToEnd(reportsUrl, windows);
      return found.measured === MESSAGES && found.open === 0 ? found : undefined;
    });
    await using database = openReportsDatabase({ url: reportsUrl, connections: 1, name: "test" });
    const { rows } = await database.run(
      `SELECT (extract(epoch FROM final_at) * 1000)::float8 - ($1::float8) AS ms FROM godwit.message
       WHERE client_reference = $2 ORDER BY ms`,
      [`${now - 2_000}`, dueReference(now - 2_000)],
    );
    const exact = rows.map(({ ms }) => Math.round(Number(ms)));
    expect(exact).toHaveLength(MESSAGES);
    expect([done.p50Ms, done.p95Ms, done.p99Ms, done.maxMs]).toEqual([exact[99], exact[189], exact[197], exact[199]]);
    expect(done.p50Ms).toBeGreaterThanOrEqual(2_000);

    const whole = [{ from: now - 1_000, to: systemClock.now() + 1 }];
    expect((await measureEndToEnd(reportsUrl, whole)).finalsPerSecond).toBeGreaterThan(1);
    const lag = await measureProjectionLag(reportsUrl, whole);
    expect(lag.measured).toBe(MESSAGES + 7);
    expect(lag.p95Ms).toBeGreaterThan(0);
    expect(lag.maxMs).toBeLessThan(systemClock.now() - now);
    process.stdout.write(`end to end ${JSON.stringify(done)} lag ${JSON.stringify(lag)}\n`);
    expect((await measureEndToEnd(reportsUrl, [{ from: 1, to: 2 }])).p50Ms).toBeUndefined();
  },
  BOUND_MS,
);

test(
  "every source says what it promises, within its bound, and a member that is away does not silence the others",
  async () => {
    await using mongod = createMongodSource({ sets: platform.sets, database: DATABASE });
    await using postgres = createPostgresSource(reportsUrl);
    const roles = new Map(WATCHED.map((name) => [name, platform.roles.get(name)?.url ?? ""]));
    const rolesSource = createRolesSource({ roles: () => roles });
    const liveHeap = async (): Promise<true | undefined> => {
      const values = await rolesSource.sample();
      return WATCHED.every((name) => (values[`${name}.liveHeapBytes`] ?? 0) > 1_000_000) || undefined;
    };
    await until("a full collection in every role", BOUND_MS, liveHeap, 500);
    const sources: readonly SampleSource[] = [
      createHostSource({ processes }),
      createDiskSource(new Map([["data", folder]])),
      createLanesSource(stores),
      mongod,
      postgres,
      rolesSource,
    ];
    const sampler = await startSampler({ sources, folder: join(folder, "samples"), clock: systemClock, durationMs: 1 });
    await until("the first samples", BOUND_MS, async () => {
      const read = [...sampler.files.values()].map((file) => readSeries(file));
      return (await Promise.all(read)).every(({ series }) => series.size > 0) || undefined;
    });
    expect(await sampler.stop()).toEqual([]);
    const lastOf = async (source: string): Promise<Readonly<Record<string, number>>> => {
      const { series } = await readSeries(sampler.files.get(source) ?? "");
      return Object.fromEntries([...series].map(([name, points]) => [name, points.at(-1)?.last ?? Number.NaN]));
    };
    const host = await lastOf("host");
    for (const name of processes().keys()) {
      for (const figure of ["up", "rss", "threads", "fds", "switches"])
        expect(host[`${figure}.${name}`]).toBeGreaterThan(0);
      expect((host[`cpu.${name}.user`] ?? 0) + (host[`cpu.${name}.system`] ?? 0)).toBeGreaterThan(0);
    }
    expect(host["sockets.established"]).toBeGreaterThan(10);
    expect(await lastOf("lanes")).toMatchObject({ "syd1.up": 1, "syd1.items": 0 });
    const disk = await lastOf("disk");
    expect(disk["bytes.data"]).toBeGreaterThan(50_000_000);
    expect(disk.free).toBeGreaterThan(0);
    const members = await lastOf("mongod");
    for (const index of [0, 1, 2]) {
      const own = [
        "connections",
        "oplogHours",
        "cache.used",
        "cache.dirty",
        "tickets.write.free",
        "flow.isLagged",
        "elections",
      ];
      expect(members).toMatchObject({ [`syd1.${index}.up`]: 1, [`syd1.${index}.rollbackId`]: 1 });
      for (const name of own) expect(members).toHaveProperty([`syd1.${index}.${name}`]);
      expect(members[`syd1.${index}.lagMs`]).toBeLessThan(15_000);
    }
    expect(members["syd1.dataBytes"]).toBeGreaterThan(10_000);
    expect([0, 1, 2].reduce((sum, i) => sum + (members[`syd1.${i}.ops.command`] ?? 0), 0)).toBeGreaterThan(100);
    const sql = await lastOf("postgres");
    for (const name of ["lockWaits", "longestMs", "deadTuples"]) expect(sql[name]).toBeGreaterThanOrEqual(0);
    for (const name of ["walBytes", "databaseBytes", "liveTuples", "writers", "batches"])
      expect(sql[name]).toBeGreaterThan(0);
    const said = await lastOf("roles");
    for (const name of WATCHED) expect(said).toHaveProperty([`${name}.loopP99Ms`]);
    const windows = ["window", "windowFree"].map((name) => said[`connectors.${name}.${DEMO_PROVIDER}`]);
    expect(windows[0]).toBeGreaterThan(0);
    expect(windows[1]).toBe(windows[0] ?? Number.NaN); // nothing is on its way any more
    process.stdout.write(`${JSON.stringify({ host, members, sql, said }).length} characters a round\n`);
    if (process.env.SHOW_SAMPLES)
      process.stdout.write(`${JSON.stringify({ host, members, sql, said, disk }, null, 1)}\n`);

    const needs = { durationMs: 60_000, offeredPerSecond: 10, sets: 1, sources };
    expect(await planDisk(folder, needs)).toMatchObject({ type: "enough" });
    expect(await planDisk(folder, { ...needs, durationMs: 1e12 })).toMatchObject({ type: "too_little" });

    const before = await sources[0]?.sample();
    await platform.sets[0]?.members[2]?.kill();
    await platform.roles.get("worker")?.kill();
    const away = await mongod.sample();
    expect(away).toMatchObject({ "syd1.0.up": 1, "syd1.1.up": 1, "syd1.2.up": 0 });
    expect(await rolesSource.sample()).toMatchObject({ "worker.up": 0, "edge.up": 1 });
    expect((await sources[0]?.sample())?.["up.worker"]).toBe(0);
    await Promise.all([platform.sets[0]?.members[2]?.restart(), platform.roles.get("worker")?.restart()]);
    const after = await sources[0]?.sample();
    expect(after?.["cpu.worker.user"]).toBeGreaterThan(before?.["cpu.worker.user"] ?? Number.NaN);
    await until("the member to be asked again", BOUND_MS, async () => {
      return (await mongod.sample())["syd1.2.up"] === 1 || undefined;
    });
  },
  BOUND_MS,
);

test("calibration takes less than five seconds and leaves nothing behind", async () => {
  const startedAt = systemClock.monotonic();
  const first = await calibrate({ folder, clock: systemClock });
  expect(systemClock.monotonic() - startedAt).toBeLessThan(5_000);
  for (const ms of Object.values(first)) expect(ms).toBeGreaterThan(0);
  expect(existsSync(join(folder, ".calibration"))).toBe(false);
  process.stdout.write(`${JSON.stringify(first)}\n`);
});
