/**
 * The reports' PostgreSQL: what it writes, what lies dead in its tables, who holds it up, and how far the projection
 * has come. How far behind that is, the projector says itself (sample-roles.ts): only it knows what it has read.
 */
import { openReportsDatabase, type ReportsDatabase } from "../../../reporting/reports-database.ts";
import type { SampleSource } from "./sample-source.ts";

const BYTES_MAX = 1_024;
const EVERY = 1;
/** Sizes of tables are not looked up again while a statement waits for a lock. */
const STATEMENT_TIMEOUT = "5s";

/**
 * One statement, its figures as numbers: `walBytes` since the server was made, `databaseBytes`, `deadTuples` and
 * `liveTuples` of the facts, `vacuums` of them by autovacuum, `longestMs` of the transactions that are open (ours left
 * out), `lockWaits`, `connections`, `commits`, `rollbacks`, `tempBytes`, `batches` of all logs that are projected and
 * `writers` that are.
 */
const FIGURES = `
SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::float8 AS "walBytes",
       pg_database_size(current_database())::float8 AS "databaseBytes",
       facts.dead AS "deadTuples", facts.live AS "liveTuples", facts.vacuums AS vacuums,
       activity.longest_ms AS "longestMs", activity.waiting AS "lockWaits", activity.total AS connections,
       own.xact_commit::float8 AS commits, own.xact_rollback::float8 AS rollbacks,
       own.temp_bytes::float8 AS "tempBytes",
       projected.batches AS batches, projected.writers AS writers
FROM (SELECT coalesce(sum(n_dead_tup), 0)::float8 AS dead, coalesce(sum(n_live_tup), 0)::float8 AS live,
             coalesce(sum(autovacuum_count), 0)::float8 AS vacuums
      FROM pg_stat_user_tables WHERE schemaname = 'godwit') AS facts,
     (SELECT coalesce(max(extract(epoch FROM clock_timestamp() - xact_start)) FILTER (WHERE pid <> pg_backend_pid()), 0)
               ::float8 * 1000 AS longest_ms,
             count(*) FILTER (WHERE wait_event_type = 'Lock')::float8 AS waiting, count(*)::float8 AS total
      FROM pg_stat_activity WHERE datname = current_database()) AS activity,
     (SELECT * FROM pg_stat_database WHERE datname = current_database()) AS own,
     (SELECT coalesce(sum(sequence), 0)::float8 AS batches, count(*)::float8 AS writers
      FROM godwit.checkpoint WHERE projection = 'report') AS projected`;

/** `url`: of the reports' database, as a superuser or its owner with `pg_read_all_stats`. PostgreSQL may be away. */
export function createPostgresSource(url: string): SampleSource & AsyncDisposable {
  const database: ReportsDatabase = openReportsDatabase({
    url,
    connections: 1,
    name: "godwit soak",
    settings: { statement_timeout: STATEMENT_TIMEOUT },
  });
  return {
    name: "postgres",
    bytesMax: BYTES_MAX,
    every: EVERY,
    async sample() {
      const { rows } = await database.run(FIGURES);
      return Object.fromEntries(Object.entries(rows[0] ?? {}).map(([name, value]) => [name, Number(value)]));
    },
    [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
  };
}
