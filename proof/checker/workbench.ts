/**
 * The checker's own database: made on any PostgreSQL server, filled by COPY, read by server-side cursors, and dropped
 * at the end. Nothing in this process grows with the number of messages: rows leave in blocks and come back in pages.
 */
import { createDatabase, dropDatabase } from "#testkit/postgres-statements.ts";
import { readCursor } from "../../reporting/read-cursor.ts";
import {
  type Cell,
  openReportsDatabase,
  type ReportsDatabase,
  type ReportsTransaction,
  type Row,
} from "../../reporting/reports-database.ts";
import { createRowWriter, type RowWriter } from "../../reporting/row-writer.ts";
import schema from "./schema.sql" with { type: "text" };

const CONNECTIONS = 4;
/** Sorts of millions of rows; the other settings trade what a scratch database does not need. */
const SETTINGS = {
  work_mem: "128MB",
  maintenance_work_mem: "256MB",
  synchronous_commit: "off",
  cursor_tuple_fraction: "1.0",
  jit: "off",
};

export interface Workbench extends AsyncDisposable {
  script(text: string): Promise<void>;
  rows(text: string, parameters?: readonly Cell[]): Promise<readonly Row[]>;
  /** Appends rows to a table; they are there once `flush` resolved. */
  writer(target: string): RowWriter;
  /** The pages of a query whose answer may be larger than memory. */
  stream(text: string): AsyncGenerator<readonly Row[]>;
  bytes(): Promise<number>;
}

/** Makes the database `name` with the tables of schema.sql. Dispose to drop it. */
export async function openWorkbench(adminUrl: string, name: string): Promise<Workbench> {
  await using opening = new AsyncDisposableStack();
  await createDatabase(adminUrl, name);
  opening.defer(() => dropDatabase(adminUrl, name));
  const url = new URL(adminUrl);
  url.pathname = `/${name}`;
  const database = opening.use(
    openReportsDatabase({ url: url.href, connections: CONNECTIONS, name: "godwit-checker", settings: SETTINGS }),
  );
  const script = (text: string): Promise<void> => database.transaction((transaction) => transaction.script(text));
  await script(schema);
  const held = opening.move();
  return {
    script,
    rows: async (text, parameters) => (await database.run(text, parameters)).rows,
    writer: (target) =>
      createRowWriter((lines) => database.transaction((transaction) => transaction.copy(target, lines))),
    stream: (text) => streamAlone(database, text),
    async bytes() {
      const { rows } = await database.run("SELECT pg_database_size(current_database()) AS bytes");
      return Number(rows[0]?.bytes);
    },
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}

/** A transaction of its own, open for as long as the reader reads. */
async function* streamAlone(database: ReportsDatabase, query: string): AsyncGenerator<readonly Row[]> {
  const done = Promise.withResolvers<void>();
  const opened = Promise.withResolvers<ReportsTransaction>();
  const whole = database.transaction(async (transaction) => {
    opened.resolve(transaction);
    await done.promise;
  });
  whole.catch(opened.reject);
  try {
    yield* readCursor(await opened.promise, "page", { text: query });
  } finally {
    done.resolve();
    await whole.catch(() => undefined);
  }
}
