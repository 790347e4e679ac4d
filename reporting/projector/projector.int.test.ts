import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { Store } from "#core/store/store.ts";
import { systemClock } from "#domain/clock.ts";
import { silentLogger } from "#domain/log.ts";
import { systemRandom } from "#domain/random.ts";
import { openTestServers } from "#testkit/servers.ts";
import type { ReportsDatabase, ReportsTransaction } from "../reports-database.ts";
import {
  commitAll,
  drain,
  dumpTables,
  emptyTables,
  openTestReports,
  openTestStore,
  projectAll,
  type TestReports,
} from "../testing/open-test-reports.ts";
import { anyEvent, cut, deliveredLife, START, sampleEvent, sampleId } from "../testing/sample-events.ts";
import { GapError } from "./checkpoint.ts";
import { createSetProjection } from "./project-set.ts";
import { createProjector } from "./projector.ts";
import { verify } from "./verify.ts";
import { postgresReports } from "./write-batches.ts";

let reports: TestReports;
beforeAll(async () => {
  reports = await openTestReports(await openTestServers({ sets: 0, postgres: true }));
}, 120_000);
afterAll(() => reports[Symbol.asyncDispose]());
beforeEach(() => emptyTables(reports.database));

/** Two processes on one set: their batches are of two writers, so the events of a message come in any order. */
function openTwoWriters(): readonly [Store, Store] {
  const first = openTestStore();
  const second = openTestStore();
  const own = first.events;
  const both: Store["events"] = {
    ...own,
    read: async (after, max) =>
      [...(await second.events.read(after, max)), ...(await own.read(after, max))].slice(0, max),
    writers: async () => [...(await own.writers()), ...(await second.events.writers())],
  };
  return [Object.assign(first, { events: both }), second];
}

const lives = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => deliveredLife(sampleId("syd1", from + i), START + i * 7_000)).flat();

describe("projector", () => {
  test("random events, in any order and doubled, give the tables that verify() expects", async () => {
    const runs = fc.record({
      events: fc.array(anyEvent("syd1", 5), { minLength: 1, maxLength: 60 }),
      again: fc.array(fc.nat(59), { maxLength: 20 }),
      sizes: fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 5 }),
      eventsPerRound: fc.integer({ min: 1, max: 60 }),
    });
    await fc.assert(
      fc.asyncProperty(runs, async ({ events, again, sizes, eventsPerRound }) => {
        await emptyTables(reports.database);
        const stores = openTwoWriters();
        const [store] = stores;
        const read = [...events, ...again.flatMap((index) => events[index] ?? [])];
        const projection = createSetProjection({ ...reports, store, clock: systemClock, eventsPerRound });
        for (const part of cut(read, sizes)) {
          await commitAll([part.length % 2 === 0 ? stores[0] : stores[1]], [part]);
          if (part.length % 3 === 0) await drain(createSetProjection({ ...reports, store, clock: systemClock }));
        }
        await drain(projection);
        expect(await verify({ ...reports, stores: [store] })).toEqual([]);
      }),
      { numRuns: 60 },
    );
  }, 120_000);

  test("verify() finds a planted fault in every table", async () => {
    const store = openTestStore();
    const replied = sampleEvent({ type: "replied", message: sampleId("syd1", 1), at: START + 9_000 });
    await commitAll([store], [lives(1, 3), [replied]]);
    await projectAll(reports.database, [store]);
    const whole = await dumpTables(reports.database);
    const faults = [
      "DELETE FROM godwit.event WHERE type = 'billed'",
      "UPDATE godwit.event SET data = '{}' WHERE type = 'delivered'",
      "UPDATE godwit.message SET status = 'queued'",
      "DELETE FROM godwit.message",
      "UPDATE godwit.segment SET outcome_at = outcome_at + interval '1 ms'",
      "INSERT INTO godwit.segment (message_id, segment, doubts) VALUES ('syd1-x', 0, 0)",
      "UPDATE godwit.reply SET text = NULL",
      "UPDATE godwit.rollup_minute SET total_micros = total_micros + 1",
    ];
    for (const fault of faults) {
      await reports.database.run(fault);
      const differences = await verify({ ...reports, stores: [store] });
      expect(differences.map(({ table }) => table)).toContain(/godwit\.\w+/.exec(fault)?.[0] ?? "");
      await emptyTables(reports.database);
      await projectAll(reports.database, [store]);
    }
    expect(await dumpTables(reports.database)).toBe(whole);
    expect(await verify({ ...reports, stores: [store] })).toEqual([]);
  }, 60_000);

  test("reading every batch again, after the checkpoint is lost, changes nothing", async () => {
    const store = openTestStore();
    await commitAll([store], cut(lives(1, 40), [7, 1, 30]));
    await projectAll(reports.database, [store]);
    const before = await dumpTables(reports.database);
    await reports.database.run("TRUNCATE godwit.checkpoint");
    await projectAll(reports.database, [store]);
    expect(await dumpTables(reports.database)).toBe(before);
  });

  test("replaying from zero, in other rounds, gives equal tables", async () => {
    const store = openTestStore();
    for (const part of cut(lives(1, 60), [11, 3, 40])) {
      await commitAll([store], [part]);
      await projectAll(reports.database, [store]);
    }
    const before = await dumpTables(reports.database);
    await emptyTables(reports.database);
    await projectAll(reports.database, [store]);
    expect(await dumpTables(reports.database)).toBe(before);
  });

  test("void and closed batches move the checkpoint, and a closed writer is read no more", async () => {
    const store = openTestStore();
    await commitAll([store], [lives(1, 2)]);
    await store[Symbol.asyncDispose]();
    const asked: number[] = [];
    const { read } = store.events;
    const events = {
      ...store.events,
      read: (...given: Parameters<typeof read>) => {
        asked.push(given[0].size);
        return read(...given);
      },
    };
    const projection = createSetProjection({ ...reports, store: Object.assign(store, { events }), clock: systemClock });
    await drain(projection);
    const { rows } = await reports.database.run("SELECT sequence, closed FROM godwit.checkpoint");
    expect(rows).toEqual([{ sequence: "2", closed: true }]);
    const askedBefore = asked.length;
    await projection.round();
    expect(asked.length).toBe(askedBefore);
  });

  test("a gap in a writer's sequence is never skipped", async () => {
    const store = openTestStore();
    await commitAll([store], [lives(1, 2), lives(2, 3), lives(3, 4)]);
    const { read } = store.events;
    const withGap: typeof read = async (after, max) =>
      (await read(after, max)).filter(({ sequence }) => sequence !== 2);
    const projection = createSetProjection({
      ...reports,
      store: Object.assign(store, { events: { ...store.events, read: withGap } }),
      clock: systemClock,
    });
    await expect(projection.round()).rejects.toBeInstanceOf(GapError);
    await expect(projection.round()).rejects.toBeInstanceOf(GapError);
    expect((await reports.database.run("SELECT FROM godwit.event")).count).toBe(0);
  });

  test("a busy writer does not keep the others waiting", async () => {
    const [store, second] = openTwoWriters();
    await commitAll([second], cut(lives(1, 200), [2]));
    await commitAll([store], [lives(500, 501)]);
    const projection = createSetProjection({ ...reports, store, clock: systemClock, eventsPerRound: 1 });
    await projection.round();
    await projection.round();
    const { count } = await reports.database.run("SELECT FROM godwit.message WHERE id = $1", [sampleId("syd1", 500)]);
    expect(count).toBe(1);
  });

  test("a failure at any statement leaves nothing behind, and the next round goes on", async () => {
    const store = openTestStore();
    const later = [
      sampleEvent({ type: "in_doubt", message: sampleId("syd1", 1), at: START + 5 }),
      sampleEvent({ type: "replied", message: sampleId("syd1", 2), at: START + 9_000 }),
      sampleEvent({ type: "accepted", message: sampleId("syd1", 3), at: START - 1 }),
      ...lives(50, 55),
    ];
    await commitAll([store], [lives(1, 20).slice(0, -1)]);
    await projectAll(reports.database, [store]);
    const before = await dumpTables(reports.database);
    await commitAll([store], [[...later, ...lives(1, 20).slice(-1)]]);
    let failures = 0;
    for (let failAt = 1; ; failAt++) {
      const projection = createSetProjection({
        store,
        reports: postgresReports(failing(reports.database, failAt)),
        clock: systemClock,
      });
      const failed = await drain(projection).then(
        () => false,
        (error: Error) => error.message === "planted",
      );
      if (!failed) break;
      failures++;
      expect(await dumpTables(reports.database)).toBe(before);
      if (failures % 3 === 0) await expect(projection.round()).rejects.toThrow();
    }
    expect(failures).toBeGreaterThan(10);
    expect(await verify({ ...reports, stores: [store] })).toEqual([]);
  }, 60_000);

  test("a round that failed after its commit is not written twice", async () => {
    const store = openTestStore();
    await commitAll([store], [lives(1, 20)]);
    let isLost = false;
    const database: ReportsDatabase = {
      ...reports.database,
      async transaction(work) {
        const result = await reports.database.transaction(work);
        if (isLost) return result;
        isLost = true;
        throw new Error("connection lost");
      },
    };
    const projection = createSetProjection({ store, reports: postgresReports(database), clock: systemClock });
    await expect(projection.round()).rejects.toThrow("connection lost");
    await drain(projection);
    expect(await verify({ ...reports, stores: [store] })).toEqual([]);
  });

  test("two projectors at once write every event once", async () => {
    const [store, second] = openTwoWriters();
    const stop = new AbortController();
    const run = () => {
      const deps = { ...reports, clock: systemClock, random: systemRandom, log: silentLogger, eventsPerRound: 50 };
      // Without its stand-by pause, so that the two really meet.
      const clock = { ...systemClock, sleep: () => systemClock.sleep(0) };
      return createProjector({ ...deps, clock, stores: [store] });
    };
    const projectors = [run(), run()];
    const running = projectors.map((projector) => projector.run(stop.signal));
    for (const part of cut(lives(1, 300), [13, 40])) await commitAll([part.length === 13 ? store : second], [part]);
    const written = () =>
      projectors.map(({ metrics }) => [...metrics.values()].reduce((sum, { events }) => sum + events, 0));
    while (written().reduce((a, b) => a + b, 0) < 299 * 5) await systemClock.sleep(5);
    stop.abort();
    await Promise.all(running);
    expect(written().reduce((a, b) => a + b, 0)).toBe(299 * 5);
    expect(await verify({ ...reports, stores: [store] })).toEqual([]);
  }, 60_000);

  test("a set that is away holds up no other", async () => {
    const away = openTestStore("lon1");
    const writers = async (): Promise<never> => {
      throw new Error("away");
    };
    Object.assign(away, { events: { ...away.events, writers } });
    const store = openTestStore();
    await commitAll([store], [lives(1, 10)]);
    const stop = new AbortController();
    const names: string[] = [];
    const log = { info: (name: string) => names.push(name), error: (name: string) => names.push(name) };
    const deps = { ...reports, clock: systemClock, random: systemRandom, log };
    const projector = createProjector({ ...deps, stores: [away, store] });
    const running = projector.run(stop.signal);
    while (!names.includes("project.caught_up")) await systemClock.sleep(5);
    stop.abort();
    await running;
    expect(names.filter((name) => name === "project.failed")).toHaveLength(1);
    expect(Object.fromEntries(projector.healthy)).toEqual({ lon1: false, syd1: true });
    expect(await verify({ ...reports, stores: [store] })).toEqual([]);
  });

  test("texts that PostgreSQL cannot hold do not stop it, and stay readable in the views", async () => {
    const store = openTestStore();
    const accepted = { text: "a\0b\ud800", metadata: { k: "\0" }, clientReference: "\\N\t" };
    await commitAll([store], [deliveredLife(sampleId("syd1", 1), START, accepted)]);
    await projectAll(reports.database, [store]);
    const { rows } = await reports.database.run(
      `SELECT m.text, m.metadata->>'k' AS k, m.client_reference, e.data->>'text' AS event_text
       FROM report.messages m JOIN report.events e USING (message_id) WHERE e.type = 'accepted'`,
    );
    const text = "a\ufffdb\ufffd";
    expect(rows).toEqual([{ text, k: "\ufffd", client_reference: "\\N\t", event_text: text }]);
    expect(await verify({ ...reports, stores: [store] })).toEqual([]);
  });
});

/** A database whose transactions fail at their `failAt`-th statement. */
function failing(database: ReportsDatabase, failAt: number): ReportsDatabase {
  return {
    ...database,
    transaction: (work) =>
      database.transaction((transaction) => {
        let statements = 0;
        const step = async <T>(run: () => Promise<T>): Promise<T> => {
          if (++statements === failAt) throw new Error("planted");
          return run();
        };
        const failingTransaction: ReportsTransaction = {
          run: (...given) => step(() => transaction.run(...given)),
          script: (text) => step(() => transaction.script(text)),
          copy: (...given) => step(() => transaction.copy(...given)),
        };
        return work(failingTransaction);
      }),
  };
}
