/** A driver that has stopped looking for its set finds it again. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MongoClient, MongoServerSelectionError } from "mongodb";
import { systemClock } from "#domain/clock.ts";
import { openReplicaSet, type ReplicaSet } from "#testkit/replica-set.ts";
import { findTool } from "#testkit/tools.ts";
import { until } from "#testkit/until.ts";
import { keepAlive } from "./keep-alive.ts";
import { createSetClock } from "./set-clock.ts";

const SELECTION_MS = 500;
const SILENT_MS = 2_000;

let dataDir: string;
let replicaSet: ReplicaSet;
beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), "godwit-keep-alive-"));
  const mongod = await findTool("mongod");
  replicaSet = await openReplicaSet({ name: "syd1", region: "syd", dataDir, mongodPath: mongod.path, users: [] });
}, 60_000);
afterAll(async () => {
  await replicaSet[Symbol.asyncDispose]();
  rmSync(dataDir, { recursive: true, force: true });
});

/** What a monitor that waits for ever looks like to its client; there is no way to it but the driver's inside. */
interface DriverInside {
  readonly topology?: { readonly s: { readonly servers: ReadonlyMap<string, { readonly monitor: Monitor }> } };
}
interface Monitor {
  readonly s: { readonly state: string };
  readonly monitorId?: { readonly stopped: boolean; stop(): void };
}

const monitorsOf = (client: MongoClient): readonly Monitor[] =>
  [...((client as unknown as DriverInside).topology?.s.servers.values() ?? [])].map(({ monitor }) => monitor);

function stopMonitors(client: MongoClient): number {
  const monitors = monitorsOf(client);
  for (const { monitorId } of monitors) monitorId?.stop();
  return monitors.length;
}

/** A check or an operation that was under way when its monitor was stopped begins a new one as it fails. */
async function stopMonitorsForGood(client: MongoClient): Promise<number> {
  await until("every server to be unknown", 10_000, () =>
    ping(client).then(
      () => undefined,
      (error: unknown) => (error instanceof MongoServerSelectionError ? true : undefined),
    ),
  );
  return await until("all monitors to stay stopped", 10_000, () => {
    const isStopped = monitorsOf(client).every(({ s, monitorId }) => s.state !== "monitoring" && monitorId?.stopped);
    const count = stopMonitors(client);
    return isStopped ? count : undefined;
  });
}

const ping = (client: MongoClient): Promise<unknown> => client.db("admin").command({ ping: 1 });

async function isReachable(client: MongoClient): Promise<true | undefined> {
  return await ping(client).then(
    () => true,
    () => undefined,
  );
}

test("a client whose monitors have stopped is connected anew; without that it never finds its set", async () => {
  await using stack = new AsyncDisposableStack();
  const open = async (silentMs: number): Promise<MongoClient> => {
    const client = new MongoClient(replicaSet.adminUri, { serverSelectionTimeoutMS: SELECTION_MS });
    const stop = new AbortController();
    const setClock = createSetClock(systemClock);
    const connected = Promise.withResolvers<void>();
    const heartbeat = async () => connected.resolve();
    const kept = keepAlive({ client, clock: systemClock, setClock, heartbeat, signal: stop.signal, silentMs });
    stack.defer(async () => {
      stop.abort();
      await kept;
      await client.close();
    });
    await connected.promise;
    return client;
  };
  const [watched, left] = [await open(SILENT_MS), await open(Number.POSITIVE_INFINITY)];

  await Promise.all(replicaSet.members.map((member) => member.kill()));
  for (const client of [watched, left]) await expect(ping(client)).rejects.toThrow();
  expect(stopMonitors(watched)).toBe(3);
  expect(await stopMonitorsForGood(left)).toBe(3);
  await Promise.all(replicaSet.members.map((member) => member.restart()));
  await replicaSet.waitForHealthy(60_000);
  await until("the watched client to find the set", 30_000, () => isReachable(watched));
  expect(await isReachable(left)).toBe(undefined);
}, 120_000);
