/**
 * How far the reports were behind: from the time of each final event to the commit that brought its row, which
 * PostgreSQL itself keeps for each transaction once it is told to. Both are of clocks of one machine. An event's time
 * is when its cause was seen (a receipt came in), so the worker's step is in the lag as well: the batch's own time, a
 * little later, is in the sets only.
 */
import type { Postgres } from "#testkit/postgres.ts";
import { runStatement } from "#testkit/postgres-statements.ts";
import { openReportsDatabase } from "../../../reporting/reports-database.ts";
import { spanOf, type TimeWindow } from "./time-windows.ts";

const WORK_MEM = "32MB";
const STATEMENT_TIMEOUT = "10min";
/** Events that end a segment or a message. */
const FINAL_TYPES = ["delivered", "undelivered", "expired", "unknown", "lapsed", "rejected", "refused"] as const;

export interface ProjectionLag {
  /** Events that were measured. */
  readonly measured: number;
  /** Undefined where nothing was measured. Nearest rank, to the millisecond. */
  readonly p50Ms: number | undefined;
  readonly p95Ms: number | undefined;
  readonly maxMs: number | undefined;
}

/** Served by the index event_minute: its expression stands first. Rows without a time of commit are left out. */
const LAGS = `
WITH windows AS (
  SELECT to_timestamp(unnest($1::float8[]) / 1000) AS lower, to_timestamp(unnest($2::float8[]) / 1000) AS upper
),
counts AS (
  SELECT (extract(epoch FROM pg_xact_commit_timestamp(event.xmin) - at) * 1000)::bigint AS ms, count(*) AS events
  FROM godwit.event AS event JOIN windows ON at >= lower AND at < upper
  WHERE date_bin('1 minute', at, timestamptz '2000-01-01 00:00:00+00')
          BETWEEN to_timestamp($3::float8 / 1000) - interval '1 minute' AND to_timestamp($4::float8 / 1000)
    AND type = ANY ($5::text[])
  GROUP BY 1
),
ranks AS (
  SELECT ms, sum(events) OVER (ORDER BY ms) AS up_to, sum(events) OVER () AS total FROM counts WHERE ms IS NOT NULL
)
SELECT coalesce(max(total), 0)::float8 AS measured,
       min(ms) FILTER (WHERE up_to >= ceil(total * 0.50))::float8 AS "p50Ms",
       min(ms) FILTER (WHERE up_to >= ceil(total * 0.95))::float8 AS "p95Ms",
       max(ms)::float8 AS "maxMs"
FROM ranks`;

/**
 * Over all windows together. Only rows that came after keepCommitTimes() can be measured. `url`: of the reports'
 * database, as a superuser or its owner. Throws RangeError for windows that cannot be judged, and ReportsDatabaseError,
 * also where PostgreSQL does not keep the times of its commits.
 */
export async function measureProjectionLag(url: string, windows: readonly TimeWindow[]): Promise<ProjectionLag> {
  const span = spanOf(windows);
  await using database = openReportsDatabase({
    url,
    connections: 1,
    name: "godwit soak",
    settings: { work_mem: WORK_MEM, statement_timeout: STATEMENT_TIMEOUT, max_parallel_workers_per_gather: "0" },
  });
  const list = (values: readonly (number | string)[]): string => `{${values.join(",")}}`;
  const { rows } = await database.run(LAGS, [
    list(windows.map(({ from }) => from)),
    list(windows.map(({ to }) => to)),
    `${span.from}`,
    `${span.to}`,
    list(FINAL_TYPES),
  ]);
  const ms = (name: string): number | undefined => (rows[0]?.[name] == null ? undefined : Number(rows[0][name]));
  return { measured: Number(rows[0]?.measured), p50Ms: ms("p50Ms"), p95Ms: ms("p95Ms"), maxMs: ms("maxMs") };
}

/**
 * Has PostgreSQL keep the time of each commit from now on, and over its restarts: ten bytes a transaction. Restarts it
 * if it did not yet, so call it before the load; whoever is connected comes back by itself.
 */
export async function keepCommitTimes(postgres: Postgres): Promise<void> {
  if (await keepsCommitTimes(postgres.adminUri)) return;
  await runStatement(postgres.adminUri, "alter system set track_commit_timestamp = on");
  await postgres.restart();
}

async function keepsCommitTimes(url: string): Promise<boolean> {
  await using database = openReportsDatabase({ url, connections: 1, name: "godwit soak" });
  const { rows } = await database.run("SELECT current_setting('track_commit_timestamp') AS setting");
  return rows[0]?.setting === "on";
}
