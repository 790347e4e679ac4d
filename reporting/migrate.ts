/**
 * Brings the reports' schema up to date: each migration once, in order, in a transaction of its own. Two processes may
 * do it at once; a migration that has run is never edited.
 */
import tables from "./migrations/0001_tables.sql" with { type: "text" };
import reportViews from "./migrations/0002_report_views.sql" with { type: "text" };
import analyst from "./migrations/0003_analyst.sql" with { type: "text" };
import requeued from "./migrations/0004_requeued.sql" with { type: "text" };
import cancelled from "./migrations/0005_cancelled.sql" with { type: "text" };
import credit from "./migrations/0006_credit.sql" with { type: "text" };
import type { ReportsDatabase } from "./reports-database.ts";

/** In order. The number of a migration is its place here, from 1. */
const migrations: readonly { readonly name: string; readonly text: string }[] = [
  { name: "0001_tables", text: tables },
  { name: "0002_report_views", text: reportViews },
  { name: "0003_analyst", text: analyst },
  { name: "0004_requeued", text: requeued },
  { name: "0005_cancelled", text: cancelled },
  { name: "0006_credit", text: credit },
];

/** Any number will do that nobody else uses for an advisory lock in this database. */
const LOCK = "7303460812";
const PREPARE = `
CREATE SCHEMA IF NOT EXISTS godwit;
CREATE SCHEMA IF NOT EXISTS report;
CREATE TABLE IF NOT EXISTS godwit.migration (
  version integer PRIMARY KEY,
  name text NOT NULL,
  applied_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON SCHEMA godwit IS 'Facts of the reports, kept by the projector.';
COMMENT ON SCHEMA report IS 'Views for people who ask questions.';
COMMENT ON TABLE godwit.migration IS 'Which migrations have run.';
COMMENT ON COLUMN godwit.migration.version IS 'Number of the migration.';
COMMENT ON COLUMN godwit.migration.name IS 'Its file.';
COMMENT ON COLUMN godwit.migration.applied_at IS 'When it ran.';
`;

/**
 * Runs what has not run yet and returns the names. Needs the rights to create schemas and, the first time, roles.
 * Throws ReportsDatabaseError; what ran before the failure stays.
 */
export async function migrate(database: ReportsDatabase): Promise<readonly string[]> {
  const done: string[] = [];
  for (const [index, migration] of migrations.entries()) {
    const ran = await database.transaction(async (transaction) => {
      // Who commits events without waiting for the disk can read them again; nobody makes a lost schema again.
      await transaction.script("SET LOCAL synchronous_commit = on");
      await transaction.run("SELECT pg_advisory_xact_lock($1::bigint)", [LOCK]);
      if (index === 0) await transaction.script(PREPARE);
      const version = `${index + 1}`;
      const held = await transaction.run("SELECT FROM godwit.migration WHERE version = $1::int", [version]);
      if (held.count > 0) return false;
      await transaction.script(migration.text);
      await transaction.run("INSERT INTO godwit.migration (version, name) VALUES ($1::int, $2)", [
        version,
        migration.name,
      ]);
      return true;
    });
    if (ran) done.push(migration.name);
  }
  return done;
}

/** Gives `analyst` a password, so that people can log in with it. Safe to repeat. */
export async function setAnalystPassword(database: ReportsDatabase, password: string): Promise<void> {
  const { rows } = await database.run("SELECT format('ALTER ROLE analyst PASSWORD %L', $1::text) AS statement", [
    password,
  ]);
  await database.run(String(rows[0]?.statement));
}
