/** Before the first round: the schema as this version wants it. PostgreSQL may be away for as long as it likes. */
import type { Clock } from "#domain/clock.ts";
import type { Logger } from "#domain/log.ts";
import type { Random } from "#domain/random.ts";
import { migrate, setAnalystPassword } from "../migrate.ts";
import type { ReportsDatabase } from "../reports-database.ts";
import { ReportsDatabaseError } from "../reports-database-error.ts";

const RETRY_MS = 2_000;

/** Migrates, trying until it works or `signal` aborts. Throws what another try would not change. */
export async function prepareReports(
  deps: {
    readonly database: ReportsDatabase;
    readonly clock: Clock;
    readonly random: Random;
    readonly log: Logger;
    readonly analystPassword?: string;
  },
  signal: AbortSignal,
): Promise<void> {
  let isLogged = false;
  while (!signal.aborted) {
    try {
      await migrate(deps.database);
      if (deps.analystPassword !== undefined) await setAnalystPassword(deps.database, deps.analystPassword);
      return;
    } catch (error) {
      if (!(error instanceof ReportsDatabaseError) || !error.retryable) throw error;
      if (!isLogged) deps.log.error("project.failed", { set: "all", code: error.code });
      isLogged = true;
      await deps.clock.sleep(RETRY_MS / 2 + (RETRY_MS / 2) * deps.random.fraction(), signal);
    }
  }
}
