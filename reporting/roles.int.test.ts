import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { openMongoStores } from "#core/store/mongo/open-mongo-stores.ts";
import { setupMongoSchemaAt } from "#core/store/mongo/schema.ts";
import { systemClock } from "#domain/clock.ts";
import type { SetId } from "#domain/ids.ts";
import { silentLogger } from "#domain/log.ts";
import { systemRandom } from "#domain/random.ts";
import { openTestServers, type TestServers } from "#testkit/servers.ts";
import { runProjector } from "./projector/main.ts";
import { verify } from "./projector/verify.ts";
import { openReportsDatabase } from "./reports-database.ts";
import { runReports } from "./server/main.ts";
import { commitAll } from "./testing/open-test-reports.ts";
import { deliveredLife, START, sampleId } from "./testing/sample-events.ts";

let servers: TestServers;
beforeAll(async () => {
  servers = await openTestServers({ sets: 1, postgres: true });
}, 180_000);
afterAll(() => servers[Symbol.asyncDispose]());

describe("roles", () => {
  test("the projector brings a real set into PostgreSQL, and stops when told", async () => {
    const sets = servers.sets.map(({ name, region, uri, database }) => ({ set: name as SetId, region, uri, database }));
    const shared = { clock: systemClock, random: systemRandom, log: silentLogger, owner: "test", writers: 1 };
    for (const { uri, database } of sets) await setupMongoSchemaAt(uri, database);
    await using stores = await openMongoStores(sets, shared);
    await using database = openReportsDatabase({ url: servers.postgresUri, connections: 1, name: "test" });
    const all = [...stores.bySet.values()];
    const events = Array.from({ length: 50 }, (_, i) => deliveredLife(sampleId("syd1", i), START + i * 1_000));
    await commitAll(all, events);

    const stop = new AbortController();
    const env = {
      GODWIT_SETS: JSON.stringify(sets),
      GODWIT_POSTGRES_URL: servers.postgresUri,
      GODWIT_PROJECTOR_ANALYST_PASSWORD: "long enough for a test",
    };
    const running = runProjector(env, stop.signal);
    const count = async (): Promise<unknown> =>
      (await database.run("SELECT count(*)::int AS count FROM report.messages WHERE status = 'delivered'")).rows[0]
        ?.count;
    while ((await count().catch(() => 0)) !== 50) await systemClock.sleep(20);
    stop.abort();
    await running;
    expect(await verify({ database, stores: all })).toEqual([]);

    const ended = new AbortController();
    ended.abort();
    await runReports(
      { GODWIT_POSTGRES_URL: servers.postgresUri, GODWIT_REPORTS_TOKEN: "a-token-of-the-tests" },
      ended.signal,
    );
  }, 120_000);

  test("wrong settings are named all at once", async () => {
    const { signal } = new AbortController();
    const wrong = { GODWIT_SETS: "[]", GODWIT_PROJECTOR_PORT: "x", GODWIT_PROJECTOR_PROT: "1" };
    const refused = (role: Promise<void>) => role.then(String, (error: Error) => error.message);
    const projector = await refused(runProjector(wrong, signal));
    for (const name of ["GODWIT_SETS", "GODWIT_POSTGRES_URL", "GODWIT_PROJECTOR_PORT", "GODWIT_PROJECTOR_PROT"]) {
      expect(projector).toContain(name);
    }
    const reports = await refused(runReports({ GODWIT_REPORTS_TOKEN: "short" }, signal));
    expect(reports).toContain("GODWIT_POSTGRES_URL");
    expect(reports).toContain("GODWIT_REPORTS_TOKEN");
  });
});
