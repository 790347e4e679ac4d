/** The answer of a query that may be larger than memory, a page at a time. */
import type { Cell, ReportsTransaction, Row } from "./reports-database.ts";

/** Small on purpose: what was read is garbage, and the more of it a page makes, the later it is collected. */
const PAGE_ROWS = 500;

/** Pages of a cursor of an open transaction; several may be read in turn, each by a name of its own. */
export async function* readCursor(
  transaction: ReportsTransaction,
  name: string,
  query: { readonly text: string; readonly parameters?: readonly Cell[] },
): AsyncGenerator<readonly Row[]> {
  await transaction.run(`DECLARE ${name} NO SCROLL CURSOR FOR ${query.text}`, query.parameters);
  for (;;) {
    const { rows } = await transaction.run(`FETCH ${PAGE_ROWS} FROM ${name}`);
    yield rows;
    if (rows.length < PAGE_ROWS) return;
  }
}
