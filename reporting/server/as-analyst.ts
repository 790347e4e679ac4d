/** Reading as the role `analyst`: the views and nothing else, with its limits, whoever the server's own login is. */
import type { Answer, Cell, ReportsDatabase } from "../reports-database.ts";

/** An answer is for a person or a chart; whoever needs more asks PostgreSQL. */
const ROWS_MAX = 10_000;

/**
 * The role's own settings hold for its logins only, so they are repeated here. The server waits no longer than people
 * do.
 */
const LIMITS = `
SET TRANSACTION READ ONLY;
SET LOCAL ROLE analyst;
SET LOCAL search_path = report;
SET LOCAL statement_timeout = '30s'`;

export interface Rows {
  readonly rows: Answer["rows"];
  /** There were more than ROWS_MAX. */
  readonly truncated: boolean;
}

/** Runs SELECTs in one transaction, each answering at most ROWS_MAX rows. Throws ReportsDatabaseError. */
export function asAnalyst<T>(
  database: ReportsDatabase,
  work: (select: (text: string, parameters: readonly Cell[]) => Promise<Rows>) => Promise<T>,
): Promise<T> {
  return database.transaction(async (transaction) => {
    await transaction.script(LIMITS);
    return work(async (text, parameters) => {
      const { rows } = await transaction.run(`SELECT * FROM (${text}\n) AS answer LIMIT ${ROWS_MAX + 1}`, parameters);
      return { rows: rows.slice(0, ROWS_MAX), truncated: rows.length > ROWS_MAX };
    });
  });
}
