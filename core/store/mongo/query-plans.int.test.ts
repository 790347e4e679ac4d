/** Every query of the driver beside its index: a plan that scans a collection would sink with the first backlog. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { type Document, MongoClient } from "mongodb";
import { systemClock } from "#domain/clock.ts";
import { lanes } from "#domain/lane.ts";
import { openTestServers, type TestServers } from "#testkit/servers.ts";
import { CANDIDATE, candidateFilter, overdueFilter } from "./claim.ts";
import { batchId, type Collections, DEAD_INDEX, OVERDUE_INDEX, openCollections } from "./documents.ts";
import { batchesAfter } from "./mongo-event-log.ts";
import { type Month, monthsAhead } from "./months.ts";
import { setupMongoSchema } from "./schema.ts";

const NOW = Date.parse("2026-06-01");

let servers: TestServers;
let client: MongoClient;
let collections: Collections;
/** All that a set has been given: the plans of each must be as good. */
let months: readonly Month[];

beforeAll(async () => {
  servers = await openTestServers({ sets: 1, postgres: false });
  const [set] = servers.sets;
  if (set === undefined) throw new Error("No replica set was started");
  client = new MongoClient(set.uri);
  const db = client.db(set.database);
  await setupMongoSchema(db);
  ({ months } = await setupMongoSchema(db));
  collections = openCollections(db);
  const chunk = { enqueuedAt: new Date(0), token: null, owner: null, deliveries: 0, count: 1, positions: 0 };
  const marks = { mark: 0, priorMark: 0, settledTo: 0, settledBeyond: [], items: "[]" };
  const year = 31_536_000_000;
  await collections.chunks.insertMany(
    Array.from({ length: 300 }, (_, i) => ({
      _id: `c${i}`,
      lane: (i % 2 ? "inbox.bulk" : "inbox.alert") as never,
      // Two thirds are not due: a claim must not even look at them.
      at: new Date(Date.parse("2026-01-01") + (i % 3 === 0 ? 0 : 50 * year)),
      ...chunk,
      ...marks,
    })),
  );
  const batches = Array.from({ length: 300 }, (_, i) => ({
    _id: batchId(`w${i % 3}`, 1 + Math.floor(i / 3)),
    kind: "events" as const,
    at: new Date(1_000 + i),
    keys: [`m${i}`, "c:shared"],
    events: "[]",
  }));
  for (const month of months) await collections.eventsOf(month).insertMany(batches);
});
afterAll(async () => {
  await client.close();
  await servers[Symbol.asyncDispose]();
});

/** All stages of a winning plan, and what it looked at. */
async function explain(cursor: { explain(verbosity: "executionStats"): Promise<Document> }) {
  const plan = await cursor.explain("executionStats");
  const stages: string[] = [];
  const walk = (stage: Document | undefined): void => {
    if (stage === undefined) return;
    stages.push(stage.stage as string);
    for (const inner of [stage.inputStage, ...((stage.inputStages as Document[] | undefined) ?? [])]) walk(inner);
  };
  walk((plan.queryPlanner as Document).winningPlan as Document);
  const stats = plan.executionStats as Document;
  return {
    stages,
    keys: stats.totalKeysExamined as number,
    docs: stats.totalDocsExamined as number,
    found: stats.nReturned as number,
  };
}

test("a claim's look for candidates stays inside the index and touches only what is due", async () => {
  const plan = await explain(collections.chunks.find(candidateFilter([lanes.inbox("bulk")], NOW), CANDIDATE));
  expect(plan.stages).toContain("IXSCAN");
  expect(plan.stages).not.toContain("COLLSCAN");
  expect(plan.found).toBe(50);
  expect(plan.keys).toBeLessThanOrEqual(51);
  // Covered: chunks are large, and candidates are many.
  expect(plan.docs).toBe(0);
});

test("a claim over several lanes is bound by the index in each of them", async () => {
  const plan = await explain(
    collections.chunks.find(candidateFilter([lanes.inbox("alert"), lanes.inbox("bulk")], NOW)),
  );
  expect(plan.stages).not.toContain("COLLSCAN");
  expect(plan.found).toBe(100);
  expect(plan.keys).toBeLessThanOrEqual(104);
});

test("a set has this month's collection and the next two", () => {
  expect(months).toEqual(monthsAhead(systemClock.now()));
});

for (const [i, which] of ["this month", "next month", "the month after"].entries()) {
  const events = () => collections.eventsOf(months[i] as Month);

  test(`${which}: reading on from several writers walks the primary index in order, without a sort`, async () => {
    const filter = batchesAfter([
      ["w0", 90],
      ["w2", 95],
    ]);
    const plan = await explain(events().find(filter, { sort: { _id: 1 } }));
    expect(plan.stages).toContain("IXSCAN");
    expect(plan.stages).not.toContain("COLLSCAN");
    expect(plan.stages).not.toContain("SORT");
    expect(plan.found).toBe(15);
    expect(plan.keys).toBeLessThanOrEqual(18);
  });

  test(`${which}: a look-up by keys touches the batches that have them and no others`, async () => {
    const plan = await explain(events().find({ keys: { $in: ["m7", "m8"] } }));
    expect(plan.stages).not.toContain("COLLSCAN");
    expect(plan.docs).toBe(2);
  });

  test(`${which}: the newest and the oldest batch of a key come first in the index, without a sort`, async () => {
    for (const order of [1, -1] as const) {
      const plan = await explain(events().find({ keys: "c:shared" }).sort({ at: order }).limit(1));
      expect(plan.stages).not.toContain("SORT");
      expect(plan.docs).toBe(1);
    }
  });

  test(`${which}: the last batch of a writer is found at the end of its range`, async () => {
    const plan = await explain(events().find(batchesAfter([["w1", 0]]), { sort: { _id: -1 }, limit: 1 }));
    expect(plan.stages).not.toContain("SORT");
    expect(plan.keys).toBeLessThanOrEqual(2);
  });
}

test("a look that starts at the low-water mark walks over nothing older", async () => {
  const from = Date.parse("2026-01-02");
  const plan = await explain(collections.chunks.find(candidateFilter([lanes.inbox("bulk")], NOW, from), CANDIDATE));
  expect(plan.found).toBe(0);
  expect(plan.keys).toBeLessThanOrEqual(1);
});

test("the sweep for overdue chunks looks at chunks that have a time to be acted by, and at no others", async () => {
  await collections.chunks.updateMany({ _id: { $in: ["c0", "c3"] } }, { $set: { actBy: new Date("2026-01-01") } });
  const plan = await explain(collections.chunks.find(overdueFilter as object, { hint: OVERDUE_INDEX }));
  expect(plan.found).toBe(2);
  expect(plan.docs).toBe(2);
});

test("a page of lane dead is read in order from its own index", async () => {
  await collections.chunks.updateMany({ _id: { $in: ["c6", "c9", "c12"] } }, { $set: { lane: lanes.dead } });
  const page = { lane: lanes.dead, _id: { $gt: "c12" } };
  const plan = await explain(collections.chunks.find(page, { sort: { _id: 1 }, limit: 2, hint: DEAD_INDEX }));
  expect(plan.stages).not.toContain("SORT");
  expect(plan.docs).toBe(2);
});

test("send keys are found by their unique index", async () => {
  const at = new Date(NOW);
  await collections.sendKeys.insertMany([
    { _id: "w:1", at, keys: ["a|1", "a|2"], records: "[]" },
    { _id: "w:2", at, keys: ["a|3"], records: "[]" },
  ]);
  const plan = await explain(collections.sendKeys.find({ keys: { $in: ["a|2", "b|2"] } }));
  expect(plan.stages).not.toContain("COLLSCAN");
  expect(plan.docs).toBe(1);
  const again = collections.sendKeys.insertOne({ _id: "w:3", at, keys: ["a|9", "a|3"], records: "[]" });
  expect(again).rejects.toMatchObject({ code: 11_000 });
});
