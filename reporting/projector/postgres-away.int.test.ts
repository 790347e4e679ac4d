import { afterAll, beforeAll, expect, test } from "bun:test";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { systemClock } from "#domain/clock.ts";
import { systemRandom } from "#domain/random.ts";
import { openPostgres, type Postgres } from "#testkit/postgres.ts";
import { findTool } from "#testkit/tools.ts";
import { openReportsDatabase } from "../reports-database.ts";
import { commitAll, openTestStore } from "../testing/open-test-reports.ts";
import { cut, deliveredLife, START, sampleId } from "../testing/sample-events.ts";
import { prepareReports } from "./prepare-reports.ts";
import { createProjector } from "./projector.ts";
import { verify } from "./verify.ts";
import { postgresReports } from "./write-batches.ts";

let server: Postgres;
const dir = mkdtempSync(join(tmpdir(), "godwit-test-"));
beforeAll(async () => {
  chmodSync(dir, 0o711);
  const binDir = dirname((await findTool("postgres", {})).path);
  server = await openPostgres({ dataDir: join(dir, "postgres"), binDir, durable: true });
}, 120_000);
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  rmSync(server.dataDir, { recursive: true, force: true });
  rmSync(dir, { recursive: true, force: true });
});

test("PostgreSQL is killed again and again while events come, and the reports still equal the fold", async () => {
  const store = openTestStore();
  const names: string[] = [];
  const log = { info: (name: string) => names.push(name), error: (name: string) => names.push(name) };
  const impatient = { ...systemClock, sleep: (ms: number) => systemClock.sleep(Math.min(ms, 20)) };
  const deps = { clock: impatient, random: systemRandom, log };
  const settings = { synchronous_commit: "off" };
  await using database = openReportsDatabase({ url: server.adminUri, connections: 3, name: "test", settings });
  const stop = new AbortController();

  await server.kill();
  const prepared = prepareReports({ ...deps, database }, stop.signal);
  await server.restart();
  await prepared;
  expect(names).toContain("project.failed");

  const projector = createProjector({
    ...deps,
    reports: postgresReports(database),
    stores: [store],
    eventsPerRound: 100,
  });
  const running = projector.run(stop.signal);
  const ids = Array.from({ length: 600 }, (_, i) => i);
  let kills = 0;
  for (const part of cut(ids, [3])) {
    await commitAll([store], [part.flatMap((number) => deliveredLife(sampleId("syd1", number), START + number * 500))]);
    if (part[0] === undefined || part[0] % 150 !== 60) continue;
    kills++;
    await server.kill();
    await server.restart();
  }
  const metrics = [...projector.metrics.values()][0];
  const isDone = async (): Promise<boolean> => {
    const { rows } = await database.run("SELECT count(*)::int AS count FROM godwit.message WHERE status = 'delivered'");
    return rows[0]?.count === ids.length;
  };
  while (!(await isDone().catch(() => false))) await systemClock.sleep(20);
  stop.abort();
  await running;
  expect(kills).toBe(4);
  expect(metrics?.failures).toBeGreaterThan(0);
  expect(await verify({ database, stores: [store] })).toEqual([]);
}, 120_000);
