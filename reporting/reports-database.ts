/**
 * The reports' PostgreSQL as a client of our own shape: transactions with plain statements and COPY, so that the
 * writer of facts can be tested with a failure at every statement, and operational errors carry one code.
 */
import type { Writable } from "node:stream";
import { type Connection, openConnection } from "./postgres-connection.ts";
import { toDatabaseError } from "./reports-database-error.ts";

/** A cell in PostgreSQL's text form. */
export type Cell = string | null;
export type Row = Readonly<Record<string, unknown>>;
/** What one statement answers: its rows as objects, and how many it touched. */
export interface Answer {
  readonly rows: readonly Row[];
  readonly count: number;
}

/** Statements of one transaction. */
export interface ReportsTransaction {
  run(text: string, parameters?: readonly Cell[]): Promise<Answer>;
  /** Several statements without parameters. */
  script(text: string): Promise<void>;
  /**
   * COPY … FROM STDIN of `lines`, text format, each line ended. A refusal is IN_FAILED_TRANSACTION, whatever its
   * cause.
   */
  copy(target: string, lines: string): Promise<void>;
}

export interface ReportsDatabase extends AsyncDisposable {
  /** Runs `work` in one transaction: committed when it resolves, rolled back when it throws. */
  transaction<T>(work: (transaction: ReportsTransaction) => Promise<T>): Promise<T>;
  run(text: string, parameters?: readonly Cell[]): Promise<Answer>;
}

export interface ReportsDatabaseOptions {
  readonly url: string;
  readonly connections: number;
  /** Shown in pg_stat_activity. */
  readonly name: string;
  /** Session settings. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** Opens the client; PostgreSQL need not be up. Dispose to close its connections. */
export function openReportsDatabase(options: ReportsDatabaseOptions): ReportsDatabase {
  let all = Array.from({ length: options.connections }, () => openConnection(options));
  const idle = [...all];
  const waiting: ((connection: Connection) => void)[] = [];

  /** It may also have been lost while nobody used it. */
  function replaceIfLost(connection: Connection): Connection {
    if (!connection.isLost()) return connection;
    const fresh = openConnection(options);
    all = all.map((held) => (held === connection ? fresh : held));
    return fresh;
  }

  function giveBack(connection: Connection): void {
    const next = waiting.shift();
    if (next === undefined) idle.push(connection);
    else next(connection);
  }

  async function withConnection<T>(work: (connection: Connection) => Promise<T>): Promise<T> {
    const free = idle.pop() ?? (await new Promise<Connection>((resolve) => waiting.push(resolve)));
    const connection = replaceIfLost(free);
    try {
      return await work(connection);
    } catch (error) {
      throw toDatabaseError(error);
    } finally {
      giveBack(connection);
    }
  }

  return {
    transaction: (work) => withConnection((connection) => runTransaction(connection, work)),
    run: (text, parameters) => withConnection((connection) => runStatement(connection, text, parameters)),
    async [Symbol.asyncDispose]() {
      await Promise.all(all.map((connection) => connection.end()));
    },
  };
}

async function runStatement(connection: Connection, text: string, parameters: readonly Cell[] = []): Promise<Answer> {
  const result = await connection.send((sql) => sql.unsafe(text, [...parameters], { prepare: true }));
  return { rows: result, count: result.count };
}

async function runTransaction<T>(
  connection: Connection,
  work: (transaction: ReportsTransaction) => Promise<T>,
): Promise<T> {
  await connection.send((sql) => sql.unsafe("BEGIN"));
  try {
    const result = await work({
      run: (text, parameters) => runStatement(connection, text, parameters),
      async script(text) {
        await connection.send((sql) => sql.unsafe(text));
      },
      copy: (target, lines) => runCopy(connection, target, lines),
    });
    await connection.send((sql) => sql.unsafe("COMMIT"));
    return result;
  } catch (error) {
    await connection.send((sql) => sql.unsafe("ROLLBACK")).catch(() => undefined);
    throw error;
  }
}

async function runCopy(connection: Connection, target: string, lines: string): Promise<void> {
  const input = await connection.send(async (sql) => {
    const stream = await sql.unsafe(`COPY ${target} FROM STDIN`).writable();
    // It fails with the connection, at a moment at which nobody may be listening yet.
    return stream.on("error", () => undefined);
  });
  const closed = new Promise<void>((resolve) => input.once("close", resolve));
  await connection.send(() => endCopy(input, lines));
  await connection.send((sql) => sql.unsafe("SELECT"));
  await connection.send(() => closed);
}

/**
 * Resolves when all is sent, not when it is accepted: postgres 3.4.9 never settles a COPY that fails after its end (its
 * issue 1173), so the caller looks at the next statement. It also sends a stray CopyFail when the stream closes, which
 * PostgreSQL ignores unless another COPY has begun by then: hence the wait for `close` as well.
 */
function endCopy(input: Writable, lines: string): Promise<void> {
  return new Promise((resolve, reject) => {
    input.on("error", reject);
    const sendDone = input._final.bind(input);
    input._final = (settled) => {
      sendDone(settled);
      resolve();
    };
    input.end(lines);
  });
}
