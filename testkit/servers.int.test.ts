import { expect, test } from "bun:test";
import { MongoClient } from "mongodb";
import sql from "postgres";
import { openTestServers, startSharedServers, TEST_SERVERS_VARIABLE } from "./servers.ts";

test("callers share the servers of a run, each with databases of its own that are dropped at the end", async () => {
  await using shared = await startSharedServers({ sets: 1, postgres: true, env: {} });
  const env = { [TEST_SERVERS_VARIABLE]: shared.env };
  await using one = await openTestServers({ sets: 1, postgres: true, env });
  const [set] = one.sets;
  if (!set) throw new Error("no set was given");
  await using client = await new MongoClient(set.uri).connect();
  const names = async (): Promise<readonly string[]> =>
    (await client.db().admin().listDatabases()).databases.map((database) => database.name);
  {
    await using two = await openTestServers({ sets: 1, postgres: true, env });
    expect(two.sets[0]).toMatchObject({ name: "syd1", region: "syd", uri: set.uri });
    expect(two.sets[0]?.database).not.toBe(set.database);
    expect(two.postgresUri).not.toBe(one.postgresUri);
    await client.db(two.sets[0]?.database).collection("a").insertOne({});
    await client.db(set.database).collection("a").insertOne({});
  }
  expect((await names()).filter((name) => name.startsWith("test_"))).toEqual([set.database]);

  const postgres = sql(one.postgresUri, { max: 1 });
  expect([...(await postgres`select count(*)::int as databases from pg_database where datname like 'test_%'`)]).toEqual(
    [{ databases: 1 }],
  );
  await postgres.end();

  await expect(openTestServers({ sets: 2, postgres: false, env })).rejects.toThrow("the test run has started 1");
});

test("without a run the caller gets servers of its own, and what it did not ask for throws", async () => {
  await using servers = await openTestServers({ sets: 0, postgres: false, env: {} });
  expect(servers.sets).toEqual([]);
  expect(() => servers.postgresUri).toThrow("was not asked for");
});
