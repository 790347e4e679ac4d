/**
 * A real k6 against a real edge over a real set: what it records is what the set holds, also when it is killed; and
 * against a server that never answers, which has to turn it red. All three run at once.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createApiKey } from "#core/directory/api-key.ts";

import { putDirectory } from "#core/directory/testing/put-directory.ts";
import { openMongoStores } from "#core/store/mongo/open-mongo-stores.ts";
import { setupMongoSchemaAt } from "#core/store/mongo/schema.ts";
import { systemClock } from "#domain/clock.ts";
import type { SetId } from "#domain/ids.ts";
import { silentLogger } from "#domain/log.ts";
import { systemRandom } from "#domain/random.ts";
import { openTestServers, type TestServers } from "#testkit/servers.ts";
import { until } from "#testkit/until.ts";
import { directoryOf } from "../../../edge/cases/world.ts";
import { STEPS_IN_FLIGHT } from "../../../edge/committer.ts";
import { serveOnBun } from "../../../edge/main.bun.ts";
import { startEdge } from "../../../edge/start-edge.ts";
import { loadClient } from "../../../proof/checker/load-client.ts";
import { readLines } from "../../../proof/checker/read-lines.ts";
import { openWorkbench } from "../../../proof/checker/workbench.ts";
import { parseDueReference } from "../../scenarios/due-time.ts";
import type { LoadAccount, LoadPlan } from "../load-plan.ts";
import type { LoadPhase } from "../plan-phases.ts";
import { type ClientHistory, recordBytesMax, writeClientHistory } from "./client-history.ts";
import { type K6End, startK6 } from "./start-k6.ts";

const TIMEOUT_MS = 90_000;
const KILL_AFTER_MS = 3_000;
/** Ten users of a probe of one a second are all waiting by then. */
const STALLED_MS = 12_000;
const MESSAGES_PER_SECOND = 200;
const base = { clock: systemClock, random: systemRandom, log: silentLogger };
const phase = (name: string, fields: Partial<LoadPhase>): LoadPhase => ({
  ...{ name, kind: "steady", startMs: 0, durationMs: 3_000, messagesPerSecond: MESSAGES_PER_SECOND, ...fields },
});

interface Accepted {
  readonly recipient: string;
  readonly at: number;
  readonly reference: string | undefined;
}

interface Run {
  readonly plan: LoadPlan;
  readonly dir: string;
  readonly end: K6End;
  readonly history: ClientHistory;
  /** What the set holds, by id, of this run's texts. */
  readonly accepted: ReadonlyMap<string, Accepted>;
}

let dir: string;
let servers: TestServers;
let [whole, killed, stalled]: Run[] = [];

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), "godwit-k6-"));
  servers = await openTestServers({ sets: 1, postgres: true });
  const sets = servers.sets.map(({ name, region, uri, database }) => ({ set: name as SetId, region, uri, database }));
  for (const { uri, database } of servers.sets) await setupMongoSchemaAt(uri, database);
  await using stores = await openMongoStores(sets, { ...base, owner: "edge", writers: STEPS_IN_FLIGHT });
  const list = [...stores.bySet.values()];
  const keys = [await createApiKey("acme1", systemRandom), await createApiKey("other1", systemRandom)] as const;
  const directory = directoryOf(...keys);
  await putDirectory(list, directory);
  const config = { region: "syd", host: "127.0.0.1", port: 0, drainNoticeMs: 0 };
  await using edge = startEdge({ ...base, config, stores: list, serve: serveOnBun });
  const edgeUrl = `http://127.0.0.1:${edge.port}`;
  await until("a ready edge", 20_000, async () => (await fetch(`${edgeUrl}/readyz`)).ok || undefined);
  const silent = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Promise<Response>(() => undefined) });

  async function run(name: string, baseUrl: string, phases: readonly LoadPhase[], endIt?: "kill" | "stop") {
    const accounts: readonly LoadAccount[] = directory.accounts.map(({ id }, i) => ({
      ...{ id, apiKey: keys[i]?.text ?? "", canary: `${name}${id}` },
      numbers: directory.numbers.filter(({ account }) => account === id).map(({ number }) => number),
    }));
    // A busy test machine may be slow; it may not drop or fail.
    const limits = { probeP95Ms: 20_000, probeP99Ms: 20_000 };
    const plan = { seed: 5, baseUrl, accounts, phases, limits };
    const own = mkdtempSync(join(dir, name));
    const k6 = await startK6({ script: endIt === undefined ? "smoke" : "soak", plan, dir: own });
    if (endIt !== undefined) {
      await until("the first requests", 30_000, async () => statSync(k6.rawFile, { throwIfNoEntry: false })?.size);
      await Bun.sleep(endIt === "kill" ? KILL_AFTER_MS : STALLED_MS);
      k6[endIt]();
    }
    const end = await k6.end;
    const history = await writeClientHistory(plan, { raw: k6.rawFile, client: join(own, "client.jsonl") });
    return { plan, dir: own, end, history };
  }

  const slope = phase("warm_up", { kind: "warm_up", fromPerSecond: 20 });
  const runs = await Promise.all([
    run("whole", edgeUrl, [slope, phase("steady", { startMs: 3_000 })]),
    run("killed", edgeUrl, [phase("steady", { durationMs: 60_000 })], "kill"),
    run(
      "stalled",
      `http://127.0.0.1:${silent.port}`,
      [phase("steady", { durationMs: 60_000, messagesPerSecond: 5 })],
      "stop",
    ),
  ]);
  await silent.stop(true);
  const held = new Map<string, Accepted & { readonly text: string }>();
  const [log] = list.map(({ events }) => events);
  for (const { writer } of (await log?.writers()) ?? []) {
    let after = 0;
    for (;;) {
      const batches = (await log?.read(new Map([[writer, after]]), 100)) ?? [];
      for (const { events } of batches) {
        for (const event of events) {
          if (event.type !== "accepted") continue;
          const { to, text, at, clientReference: reference } = event;
          held.set(event.message, { recipient: to, text, at, reference });
        }
      }
      after = batches.at(-1)?.sequence ?? after;
      if (batches.length === 0) break;
    }
  }
  [whole, killed, stalled] = runs.map((one) => ({
    ...one,
    accepted: new Map(
      [...held].filter(([, { text }]) => one.plan.accounts.some(({ canary }) => text.startsWith(canary))),
    ),
  }));
}, TIMEOUT_MS);

afterAll(async () => {
  await servers[Symbol.asyncDispose]();
  rmSync(dir, { recursive: true });
});

/** Ids and recipients of the sends in client.jsonl; an id is null where no answer was recorded. */
async function sendsOf({ dir }: Run): Promise<{ readonly ids: readonly string[]; readonly recipients: Set<string> }> {
  const ids: string[] = [];
  const recipients = new Set<string>();
  for await (const line of readLines(join(dir, "client.jsonl"))) {
    if (line.f !== "send") continue;
    if (line.type === "invoke") for (const to of line.to as readonly string[]) recipients.add(to);
    if (line.type === "ok") ids.push(...(line.ids as readonly string[]));
  }
  return { ids, recipients };
}

test("a run that goes well passes its thresholds, and drops and fails nothing", () => {
  expect(whole?.end.words).toBe("k6 ended and all thresholds held");
  expect(whole?.end).toMatchObject({
    kind: "passed",
    exitCode: 0,
    summary: { droppedIterations: 0, failedRequests: 0 },
  });
  expect(whole?.end.summary?.phases.map(({ probe }) => (probe?.p95Ms ?? 0) > 0)).toEqual([true, true]);
  expect(whole?.end.usage.peakRssMb).toBeGreaterThan(10);
  expect(whole?.end.usage.cpuSeconds).toBeGreaterThan(0);
});

test("the client's history holds every message that the set holds, and no other", async () => {
  if (whole === undefined) throw new Error("There was no run");
  const { ids } = await sendsOf(whole);
  // On a slope from 20 to 200, and 3 seconds of 200, in whole calls.
  expect(ids.length).toBeGreaterThan(600);
  expect(new Set(ids)).toEqual(new Set(whole.accepted.keys()));
  expect(ids.length).toBe(whole.accepted.size);
  expect(whole.history).toMatchObject({
    acceptedMessages: ids.length,
    withoutEnd: 0,
    unreadable: 0,
    failedMessages: 0,
  });
  expect(whole.history.statusReads).toBeGreaterThan(5);
  // A disk that is full would leave fewer lines than requests.
  expect(whole.history.sends + whole.history.statusReads).toBe(whole.end.summary?.requests ?? 0);
});

test("each message says when it was due by the plan: no later than it was accepted, in even steps", () => {
  const { plan, accepted } = whole ?? {};
  const delays = [...(accepted?.values() ?? [])].map(
    ({ at, reference }) => at - (parseDueReference(reference) ?? Number.NaN),
  );
  expect(plan).toBeDefined();
  // The edge's and k6's clock are the same, both in whole milliseconds.
  expect(Math.min(...delays)).toBeGreaterThanOrEqual(-2);
  expect(Math.max(...delays)).toBeLessThan(20_000);
});

test("the checker loads the history, and a run's record stays within its bound", async () => {
  if (whole === undefined) throw new Error("There was no run");
  const file = join(whole.dir, "client.jsonl");
  await using workbench = await openWorkbench(servers.postgresUri, "k6_history_test");
  await loadClient(workbench, file);
  const [row] = await workbench.rows(
    `SELECT count(*) AS all, count(DISTINCT message_id) AS ids, count(DISTINCT recipient) AS recipients
     FROM proof.request`,
  );
  expect(Number(row?.all)).toBe(whole.accepted.size);
  expect(Number(row?.ids)).toBe(whole.accepted.size);
  expect(Number(row?.recipients)).toBe(whole.accepted.size);
  const most = recordBytesMax(whole.plan);
  expect(statSync(join(whole.dir, "k6.raw")).size).toBeLessThanOrEqual(most.raw);
  expect(statSync(file).size).toBeLessThanOrEqual(most.client);
});

test("a k6 that was killed leaves every request that it sent, with or without an answer", async () => {
  if (killed === undefined) throw new Error("There was no run");
  expect(killed.end).toMatchObject({ kind: "crashed", summary: undefined });
  expect(killed.end.words).toContain("SIGKILL");
  const { ids, recipients } = await sendsOf(killed);
  expect(ids.length).toBeGreaterThan(50);
  for (const id of ids) expect(killed.accepted.has(id)).toBe(true);
  for (const { recipient } of killed.accepted.values()) expect(recipients.has(recipient)).toBe(true);
  expect(killed.history.unreadable).toBeLessThanOrEqual(1);
});

test("a server that never answers makes k6 drop iterations, and that is red", () => {
  expect(stalled?.end.summary?.droppedIterations).toBeGreaterThan(0);
  expect(stalled?.end.summary?.phases[0]).toMatchObject({ isWithinThresholds: false });
  expect(stalled?.end.summary?.crossedThresholds).toContain("dropped_iterations{scenario:steady_probe}: count==0");
  expect(stalled?.history.withoutEnd).toBeGreaterThan(0);
  expect(stalled?.end.kind).not.toBe("passed");
});
