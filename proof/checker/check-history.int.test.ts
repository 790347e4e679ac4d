/**
 * The checker on made-up runs: a right one is valid, and each planted fault turns the checks red that it is named
 * for.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { StoreError } from "#core/store/store.ts";
import { openTestServers, type TestServers } from "#testkit/servers.ts";
import { checkHistory } from "./check-history.ts";
import { checks } from "./checks/index.ts";
import type { EventSource } from "./event-source.ts";
import type { Judgement } from "./judgement.ts";
import { openSampleReports } from "./testing/open-sample-reports.ts";
import { innocents, type Plant, plants } from "./testing/plants.ts";
import { createSampleSources, fillReports, type SampleRun, writeFolder } from "./testing/sample-run.ts";

const MESSAGES = 400;

let servers: TestServers;
beforeAll(async () => {
  servers = await openTestServers({ sets: 0, postgres: true });
});
afterAll(() => servers[Symbol.asyncDispose]());

let runs = 0;

interface Judged extends Partial<Plant> {
  readonly sources?: (run: SampleRun) => readonly EventSource[];
  readonly onDir?: (dir: string) => void;
  readonly faultsMin?: number;
}

async function judge(plant: Judged): Promise<Judgement> {
  runs += 1;
  const dir = mkdtempSync(join(tmpdir(), "godwit-checker-test-"));
  await using stack = new AsyncDisposableStack();
  stack.defer(() => rmSync(dir, { recursive: true, force: true }));
  const name = `sample_reports_${process.pid}_${runs}`;
  const reports = stack.use(await openSampleReports(servers.postgresUri, name));
  const run: SampleRun = { messages: MESSAGES, ...plant.run };
  await writeFolder(dir, run);
  await fillReports(reports.database, plant.reported === "as planted" ? run : { messages: MESSAGES });
  if (plant.reports !== undefined) await reports.database.run(plant.reports);
  const judgement = await checkHistory({
    dir,
    stores: (plant.sources ?? createSampleSources)(run),
    postgres: servers.postgresUri,
    reportsUrl: reports.url,
    ...(plant.apply === undefined ? {} : { apply: plant.apply }),
    ...(plant.faultsMin === undefined ? {} : { faultsMin: plant.faultsMin }),
  });
  plant.onDir?.(dir);
  return judgement;
}

function redOf({ checks }: Judgement): readonly string[] {
  return checks.filter(({ verdict }) => verdict === "invalid").map(({ name }) => name);
}

test("a right run is valid, and so is every check", async () => {
  const judgement = await judge({});
  expect(judgement.checks.flatMap(({ counterexamples }) => counterexamples)).toEqual([]);
  expect(judgement).toMatchObject({ verdict: "valid", reasons: [] });
});

test("not unknown: other processes than the edge were killed, and every client had its answer", async () => {
  const killed = ["kill-worker", "kill-connectors", "kill-projector", "kill-primary"];
  const nemesis = killed.map((fault, round) => ({ at: 1, fault, round, type: "proof", happened: true, evidence: "e" }));
  expect(await judge({ run: { messages: MESSAGES, nemesis } })).toMatchObject({ verdict: "valid", reasons: [] });
});

test("not unknown: no fault was planned", async () => {
  const judgement = await judge({ run: { messages: MESSAGES, nemesis: [] }, faultsMin: 0 });
  expect(judgement).toMatchObject({ verdict: "valid", reasons: [] });
});

for (const [name, run] of innocents) {
  test(`not wrong: ${name}`, async () => {
    const judgement = await judge({ run: { messages: MESSAGES, ...run } });
    expect(redOf(judgement)).toEqual([]);
    expect(judgement.verdict).toBe("valid");
  });
}

for (const plant of plants) {
  test(`planted: ${plant.name}`, async () => {
    const judgement = await judge(plant);
    expect(redOf(judgement).toSorted()).toEqual([...plant.red].toSorted());
    expect(judgement.verdict).toBe("invalid");
    for (const check of judgement.checks.filter(({ verdict }) => verdict === "invalid")) {
      expect(check.counterexamples.length).toBe(Math.min(20, check.counted));
    }
  });
}

test("every check has a plant that turns it red", () => {
  const planted = new Set(plants.flatMap(({ red }) => red));
  expect(checks.map(({ name }) => name).filter((name) => !planted.has(name))).toEqual([]);
});

test("planted: a set whose log has a gap, so that it does not tell it", async () => {
  const judgement = await judge({
    sources: (run) =>
      createSampleSources(run).map((source) => {
        const error = new StoreError("store_corrupt", "batch 7 of w is missing", { retryable: false });
        return source.set === "syd1"
          ? { ...source, events: { ...source.events, read: () => Promise.reject(error) } }
          : source;
      }),
  });
  const gapless = judgement.checks.find(({ name }) => name === "gapless");
  expect(gapless?.counterexamples).toEqual([{ key: "syd1", words: "batch 7 of w is missing" }]);
});

test("a counterexample has a page with its message from every vantage point", async () => {
  const plant = plants.find(({ name }) => name === "a submit twice without a doubt");
  const pages = new Map<string, string>();
  await judge({
    ...plant,
    onDir: (dir) => pages.set("page", readFileSync(join(dir, "report/silent-double-1.md"), "utf8")),
  });
  const page = pages.get("page") ?? "";
  for (const words of ["client", "log", "provider", "nemesis", "accepted", "submit telia", "stop-primary"]) {
    expect(page).toContain(words);
  }
});

const unknowns: readonly (readonly [string, SampleRun, RegExp])[] = [
  ["no drain", { messages: MESSAGES, meta: { drainedMs: null } }, /not drained/],
  ["too few messages", { messages: 20 }, /only 20 messages/],
  ["no faults", { messages: MESSAGES, nemesis: [] }, /no fault/],
  [
    "a fault that did not happen",
    { messages: MESSAGES, nemesis: [{ at: 1, fault: "cut", round: 2, type: "proof", happened: false, evidence: "e" }] },
    /cut, round 2, did not happen/,
  ],
  [
    "a fault that could not be caused",
    { messages: MESSAGES, nemesis: [{ at: 1, fault: "cut", round: 2, type: "failed", error: "no such pid" }] },
    /could not be caused: no such pid/,
  ],
  [
    "a kill of the edge that no client noticed",
    { messages: MESSAGES, nemesis: [{ at: 1, fault: "kill-edge", round: 1, type: "proof", happened: true }] },
    /without an answer/,
  ],
  [
    "a fault without a proof",
    { messages: MESSAGES, nemesis: [{ at: 1, fault: "cut", round: 1, type: "start" }] },
    /never proven/,
  ],
];
for (const [name, run, reason] of unknowns) {
  test(`unknown: ${name}`, async () => {
    const judgement = await judge({ run, reported: "as planted" });
    expect(judgement.verdict).toBe("unknown");
    expect(judgement.reasons.join("; ")).toMatch(reason);
  });
}

test("unknown: no drain, even where messages have no end yet", async () => {
  const plant = plants.find(({ name }) => name === "a forward that was lost");
  const judgement = await judge({ ...plant, run: { messages: MESSAGES, ...plant?.run, meta: { drainedMs: null } } });
  expect(judgement.checks.find(({ name }) => name === "unfinished")?.verdict).toBe("unknown");
});
