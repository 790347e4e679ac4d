/**
 * The checker's own database: made on any PostgreSQL server, filled by COPY, read by server-side cursors, and dropped
 * at the end. Nothing in this process grows with the number of messages: rows leave in blocks and come back in pages.
 */
import { createDatabase, dropDatabase } from "#testkit/postgres-statements.ts";
import { copyLine } from "../../reporting/projector/cell-text.ts";
import {
  type Cell,
  openReportsDatabase,
  type ReportsDatabase,
  type ReportsTransaction,
} from "../../reporting/reports-database.ts";
import schema from "./schema.sql" with { type: "text" };

const CONNECTIONS = 4;
/**
 * Characters of COPY that are sent at a time, and rows of a page. Small on purpose: what has been sent is garbage, and
 * the more of it a block makes, the later it is collected.
 */
const BLOCK_CHARACTERS = 256_000;
const PAGE_ROWS = 500;
/** Sorts of millions of rows; the other settings trade what a scratch database does not need. */
const SETTINGS = {
  work_mem: "128MB",
  maintenance_work_mem: "256MB",
  synchronous_commit: "off",
  cursor_tuple_fraction: "1.0",
  jit: "off",
};

export type Row = Readonly<Record<string, unknown>>;

export interface Workbench extends AsyncDisposable {
  script(text: string): Promise<void>;
  rows(text: string, parameters?: readonly Cell[]): Promise<readonly Row[]>;
  /** Appends rows to a table; they are there once `flush` resolved. */
  writer(target: string): RowWriter;
  /** The pages of a query whose answer may be larger than memory. */
  stream(text: string): AsyncGenerator<readonly Row[]>;
  bytes(): Promise<number>;
}

export interface RowWriter {
  /** Resolves at once but for each time a block is full. */
  write(cells: readonly Cell[]): Promise<void> | undefined;
  flush(): Promise<void>;
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

/** Lines are held as they are and joined once: a text that grows by `+=` is a tree of its parts until it is sent. */
function createRowWriter(send: (lines: string) => Promise<void>): RowWriter {
  let lines: string[] = [];
  let characters = 0;
  async function flush(): Promise<void> {
    if (lines.length === 0) return;
    const block = lines.join("");
    lines = [];
    characters = 0;
    await send(block);
  }
  return {
    write(cells) {
      const line = copyLine(cells);
      lines.push(line);
      characters += line.length;
      return characters > BLOCK_CHARACTERS ? flush() : undefined;
    },
    flush,
  };
}

/** The pages of a cursor of an open transaction; several may be read in turn. */
export async function* readCursor(
  transaction: ReportsTransaction,
  name: string,
  query: string,
): AsyncGenerator<readonly Row[]> {
  await transaction.script(`DECLARE ${name} NO SCROLL CURSOR FOR ${query}`);
  for (;;) {
    const { rows } = await transaction.run(`FETCH ${PAGE_ROWS} FROM ${name}`);
    yield rows;
    if (rows.length < PAGE_ROWS) return;
  }
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
    yield* readCursor(await opened.promise, "page", query);
  } finally {
    done.resolve();
    await whole.catch(() => undefined);
  }
}
