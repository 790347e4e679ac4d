import { afterAll, beforeAll, expect, test } from "bun:test";
import postgres from "postgres";
import { openTestServers, type TestServers } from "#testkit/servers.ts";
import { migrate, setAnalystPassword } from "./migrate.ts";
import { openReportsDatabase, type ReportsDatabase } from "./reports-database.ts";

let servers: TestServers;
let database: ReportsDatabase;
beforeAll(async () => {
  servers = await openTestServers({ sets: 0, postgres: true });
  database = openReportsDatabase({ url: servers.postgresUri, connections: 4, name: "test" });
}, 120_000);
afterAll(async () => {
  await database[Symbol.asyncDispose]();
  await servers[Symbol.asyncDispose]();
});

test("migrate() may run twice at once and again: each migration runs once", async () => {
  const ran = await Promise.all([migrate(database), migrate(database), migrate(database)]);
  expect(ran.flat().sort()).toEqual([
    "0001_tables",
    "0002_report_views",
    "0003_analyst",
    "0004_requeued",
    "0005_cancelled",
    "0006_credit",
  ]);
  expect(await migrate(database)).toEqual([]);
});

test("every schema, table, view and column has a comment", async () => {
  const { rows } = await database.run(`
    SELECT c.oid::regclass::text || coalesce('.' || a.attname, '') AS name
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN LATERAL (
      SELECT attnum, attname FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped
      UNION ALL SELECT 0, NULL
    ) a ON true
    WHERE n.nspname IN ('godwit', 'report') AND c.relkind IN ('r', 'v', 'm', 'p')
      AND CASE WHEN a.attnum = 0 THEN obj_description(c.oid, 'pg_class')
               ELSE col_description(c.oid, a.attnum) END IS NULL
    UNION ALL
    SELECT nspname FROM pg_namespace
    WHERE nspname IN ('godwit', 'report') AND obj_description(oid, 'pg_namespace') IS NULL`);
  expect(rows.map((row) => row.name)).toEqual([]);
});

test("an analyst reads the views and nothing else, and writes nothing", async () => {
  await setAnalystPassword(database, "a' long \\ password");
  const url = new URL(servers.postgresUri);
  url.username = "analyst";
  url.password = encodeURIComponent("a' long \\ password");
  const sql = postgres(url.href, { max: 1, onnotice: () => undefined });
  const code = (text: string) =>
    sql.unsafe(text).then(
      () => "allowed",
      (error: { readonly code: string }) => error.code,
    );
  const tables = ["event", "message", "segment", "reply", "rollup_minute", "checkpoint", "migration"];
  const views = [
    "messages",
    "segments",
    "replies",
    "charges",
    "ledger",
    "events",
    "traffic_by_minute",
    "reconciliation",
    "progress",
  ];
  for (const view of views) expect(await code(`SELECT * FROM report.${view}`)).toBe("allowed");
  for (const table of tables) expect(await code(`SELECT * FROM godwit.${table}`)).toBe("42501");
  expect(await code("CREATE TABLE report.mine (a int)")).toBe("25006");
  // The read-only default is a courtesy: rights must hold without it.
  await sql`SET default_transaction_read_only = off`;
  for (const text of [
    "CREATE TABLE report.mine (a int)",
    "CREATE TABLE public.mine (a int)",
    "CREATE TEMPORARY TABLE mine (a int)",
    "DELETE FROM report.messages",
    "UPDATE report.progress SET sequence = 0",
    "INSERT INTO godwit.checkpoint VALUES ('report', 's', 'w', 1, false)",
    "SET ROLE postgres",
  ]) {
    expect([text, await code(text)]).toEqual([text, "42501"]);
  }
  const limits = await sql`SELECT current_setting('statement_timeout') AS statement,
    current_setting('idle_in_transaction_session_timeout') AS idle,
    (SELECT rolconnlimit FROM pg_roles WHERE rolname = 'analyst') AS connections`;
  expect([...limits]).toEqual([{ statement: "30s", idle: "1min", connections: 20 }]);
  await sql.end();
});

test("the statements that must be quick use their index", async () => {
  const minute = "date_bin('1 minute', now(), timestamptz '2000-01-01 00:00:00+00')";
  const plans = [
    ["event_pkey", "SELECT * FROM godwit.event WHERE message_id = ANY('{a,b}'::text[])"],
    ["event_pkey", "SELECT * FROM report.events WHERE message_id = 'a'"],
    ["event_minute", `SELECT * FROM report.events WHERE minute >= ${minute}`],
    ["event_minute", `SELECT * FROM report.reconciliation WHERE minute >= ${minute}`],
    ["message_minute", `SELECT * FROM report.reconciliation WHERE minute >= ${minute}`],
    ["message_accepted_at", "SELECT * FROM report.messages WHERE accepted_at >= now()"],
    ["message_client_reference", "SELECT * FROM report.messages WHERE client_reference = 'a' AND account = 'b'"],
    ["rollup_minute_account", "SELECT * FROM report.traffic_by_minute WHERE account = 'a' AND minute >= now()"],
  ] as const;
  for (const [index, query] of plans) {
    const rows = await database.transaction(async (transaction) => {
      // A table of a few pages would rightly be read whole.
      await transaction.script("SET LOCAL enable_seqscan = off");
      return (await transaction.run(`EXPLAIN ${query}`)).rows;
    });
    expect(JSON.stringify(rows)).toContain(index);
  }
});
