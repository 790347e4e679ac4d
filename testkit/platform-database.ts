/** The reports' database of a platform: made, brought up to date, a login for each who uses it. Safe to repeat. */
import { migrate, setAnalystPassword } from "../reporting/migrate.ts";
import { openReportsDatabase } from "../reporting/reports-database.ts";
import type { PlatformPorts } from "./platform-ports.ts";
import type { PlatformSecrets } from "./platform-state.ts";
import type { Postgres } from "./postgres.ts";
import { runStatement } from "./postgres-statements.ts";

const DATABASE = "godwit";
const PROJECTOR = "godwit_projector";
const REPORTS = "godwit_reports";
const ANALYST = "analyst";

export interface ReportsUris {
  /** Owns the database. */
  readonly projector: string;
  /** A member of `analyst`. */
  readonly reports: string;
  readonly analyst: string;
}

/** How each is reached, whether PostgreSQL is up or not. */
export function reportsUris({ single }: PlatformPorts, secrets: PlatformSecrets): ReportsUris {
  const uri = (role: string, password: string): string =>
    `postgres://${role}:${password}@127.0.0.1:${single.postgres}/${DATABASE}`;
  return {
    projector: uri(PROJECTOR, secrets.projectorSql),
    reports: uri(REPORTS, secrets.reportsSql),
    analyst: uri(ANALYST, secrets.analystSql),
  };
}

/** Throws the errors of PostgreSQL and its client. */
export async function ensureReportsDatabase(postgres: Postgres, secrets: PlatformSecrets): Promise<void> {
  await postgres.createRole(PROJECTOR, { password: secrets.projectorSql });
  // The migrations make the role `analyst`, so that a projector can set up an empty database by itself.
  await runStatement(postgres.adminUri, `alter role ${PROJECTOR} createrole`);
  await postgres.createDatabase(DATABASE, { owner: PROJECTOR });
  {
    const url = postgres.uri(PROJECTOR, DATABASE);
    await using database = openReportsDatabase({ url, connections: 1, name: "godwit up" });
    await migrate(database);
    await setAnalystPassword(database, secrets.analystSql);
  }
  await postgres.createRole(REPORTS, { password: secrets.reportsSql, memberOf: [ANALYST] });
}
