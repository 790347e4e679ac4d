/**
 * How long messages took, from the moment at which the plan of the load wanted them sent to the event that made them
 * final: by the events, as PostgreSQL holds them. Messages of the load carry the planned moment in their reference
 * (due-time.ts), so a load that was held up counts against the platform. PostgreSQL counts by millisecond and adds up:
 * exact, however many messages, in the memory of one sort (WORK_MEM), the rest on its disk.
 */
import { openReportsDatabase } from "../../../reporting/reports-database.ts";
import { DUE_PREFIX } from "../../scenarios/due-time.ts";
import { spanOf, type TimeWindow } from "./time-windows.ts";

/** A message that was planned in a window may be accepted this much later, and is still found by the index. */
const ACCEPTED_LATE_MS = 1_800_000;
/** Clocks of two processes of one machine agree; this is for a step of that clock. */
const ACCEPTED_EARLY_MS = 60_000;
const WORK_MEM = "32MB";
const STATEMENT_TIMEOUT = "10min";

export interface EndToEnd {
  /** Planned in the windows and final by now. */
  readonly measured: number;
  /** Planned in the windows, accepted, and not final yet: with any of them the percentiles are too low. */
  readonly open: number;
  /** Undefined where nothing was measured. Nearest rank, to the millisecond. */
  readonly p50Ms: number | undefined;
  readonly p95Ms: number | undefined;
  readonly p99Ms: number | undefined;
  readonly maxMs: number | undefined;
  /** Messages of the load that became final within the windows, whenever they were planned, each second. */
  readonly finalsPerSecond: number;
}

const PLANNED = `
windows AS (SELECT unnest($1::bigint[]) AS lower, unnest($2::bigint[]) AS upper),
planned AS (
  SELECT substring(client_reference FROM '^${DUE_PREFIX}([0-9]{13})$')::bigint AS planned_ms,
         (extract(epoch FROM final_at) * 1000)::bigint AS final_ms
  FROM godwit.message
  WHERE accepted_at >= to_timestamp($3::float8 / 1000) AND accepted_at < to_timestamp($4::float8 / 1000)
)`;

const LATENCIES = `
WITH ${PLANNED},
counts AS (
  SELECT final_ms - planned_ms AS ms, count(*) AS messages
  FROM planned JOIN windows ON planned_ms >= lower AND planned_ms < upper GROUP BY 1
),
ranks AS (
  SELECT ms, sum(messages) OVER (ORDER BY ms) AS up_to, sum(messages) OVER () AS total
  FROM counts WHERE ms IS NOT NULL
)
SELECT coalesce(max(total), 0)::float8 AS measured,
       coalesce((SELECT messages FROM counts WHERE ms IS NULL), 0)::float8 AS open,
       min(ms) FILTER (WHERE up_to >= ceil(total * 0.50))::float8 AS "p50Ms",
       min(ms) FILTER (WHERE up_to >= ceil(total * 0.95))::float8 AS "p95Ms",
       min(ms) FILTER (WHERE up_to >= ceil(total * 0.99))::float8 AS "p99Ms",
       max(ms)::float8 AS "maxMs"
FROM ranks`;

const FINALS = `
WITH ${PLANNED}
SELECT count(*)::float8 AS finals
FROM planned JOIN windows ON final_ms >= lower AND final_ms < upper WHERE planned_ms IS NOT NULL`;

/**
 * Over all windows together. `url`: of the reports' database, as a superuser or its owner. Ask once the projection has
 * caught up. Throws RangeError for windows that cannot be judged, and ReportsDatabaseError.
 */
export async function measureEndToEnd(url: string, windows: readonly TimeWindow[]): Promise<EndToEnd> {
  const span = spanOf(windows);
  await using database = openReportsDatabase({
    url,
    connections: 1,
    name: "godwit soak",
    settings: { work_mem: WORK_MEM, statement_timeout: STATEMENT_TIMEOUT, max_parallel_workers_per_gather: "0" },
  });
  const list = (pick: (window: TimeWindow) => number): string => `{${windows.map(pick).join(",")}}`;
  const bounds = [list(({ from }) => from), list(({ to }) => to)];
  const plannedIn = [...bounds, `${span.from - ACCEPTED_EARLY_MS}`, `${span.to + ACCEPTED_LATE_MS}`];
  const finalIn = [...bounds, `${span.from - ACCEPTED_LATE_MS}`, `${span.to}`];
  const latencies = (await database.run(LATENCIES, plannedIn)).rows[0] ?? {};
  const finals = (await database.run(FINALS, finalIn)).rows[0] ?? {};
  const ms = (name: string): number | undefined => (latencies[name] == null ? undefined : Number(latencies[name]));
  return {
    measured: Number(latencies.measured),
    open: Number(latencies.open),
    p50Ms: ms("p50Ms"),
    p95Ms: ms("p95Ms"),
    p99Ms: ms("p99Ms"),
    maxMs: ms("maxMs"),
    finalsPerSecond: Number(finals.finals) / (span.totalMs / 1_000),
  };
}
