/** The run over its time, by the messages as PostgreSQL holds them: what was accepted, what became final, how late. */
import { openReportsDatabase } from "../../../reporting/reports-database.ts";
import { DUE_PREFIX } from "../../scenarios/due-time.ts";
import type { Series } from "../report/soak-report.ts";
import type { TimeWindow } from "./time-windows.ts";

/** More points than the drawing has room for say nothing more. */
const POINTS_MAX = 480;
const BUCKET_MS_MIN = 5_000;
const WORK_MEM = "32MB";
const STATEMENT_TIMEOUT = "10min";

const BY_PLAN = `
SELECT bucket, planned, ms[1]::float8 AS p50, ms[2]::float8 AS p95, ms[3]::float8 AS p99 FROM (
SELECT planned_ms / $3::bigint AS bucket, count(*)::float8 AS planned,
       percentile_disc(ARRAY[0.5, 0.95, 0.99]) WITHIN GROUP (ORDER BY final_ms - planned_ms)
         FILTER (WHERE final_ms IS NOT NULL) AS ms
FROM (
  SELECT substring(client_reference FROM '^${DUE_PREFIX}([0-9]{13})$')::bigint AS planned_ms,
         (extract(epoch FROM final_at) * 1000)::bigint AS final_ms
  FROM godwit.message
  WHERE accepted_at >= to_timestamp($1::float8 / 1000) AND accepted_at < to_timestamp($2::float8 / 1000)
) AS planned WHERE planned_ms IS NOT NULL GROUP BY 1) AS buckets ORDER BY 1`;

const BY_END = `
SELECT (extract(epoch FROM final_at) * 1000)::bigint / $3::bigint AS bucket, count(*)::float8 AS finals
FROM godwit.message
WHERE accepted_at >= to_timestamp($1::float8 / 1000) AND accepted_at < to_timestamp($2::float8 / 1000)
  AND final_at IS NOT NULL GROUP BY 1 ORDER BY 1`;

/**
 * Series `planned` and `final` (messages/s) and `p50|p95|p99` (ms from the planned moment to the final state), by equal
 * spans of time. `url`: of the reports' database. Throws ReportsDatabaseError.
 */
export async function measureTimeLine(url: string, { from, to }: TimeWindow): Promise<readonly Series[]> {
  const bucketMs = Math.max(BUCKET_MS_MIN, Math.ceil((to - from) / POINTS_MAX));
  await using database = openReportsDatabase({
    url,
    connections: 1,
    name: "godwit soak",
    settings: { work_mem: WORK_MEM, statement_timeout: STATEMENT_TIMEOUT, max_parallel_workers_per_gather: "0" },
  });
  const bounds = [`${from}`, `${to}`, `${bucketMs}`];
  const planned = (await database.run(BY_PLAN, bounds)).rows;
  const ended = (await database.run(BY_END, bounds)).rows;
  const at = (row: Readonly<Record<string, unknown>>): number => Number(row.bucket) * bucketMs + bucketMs / 2;
  const rate = (count: unknown): number => Number(count) / (bucketMs / 1_000);
  const latency = (name: string): Series["points"] =>
    planned.flatMap((row) => (row[name] == null ? [] : [[at(row), Number(row[name])] as const]));
  return [
    { name: "planned", unit: "messages/s", points: planned.map((row) => [at(row), rate(row.planned)]) },
    { name: "final", unit: "messages/s", points: ended.map((row) => [at(row), rate(row.finals)]) },
    ...["p50", "p95", "p99"].map((name) => ({ name, unit: "ms", points: latency(name) })),
  ];
}
