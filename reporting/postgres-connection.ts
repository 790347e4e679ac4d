/**
 * One connection to PostgreSQL: open → lost, and then thrown away with its driver object. postgres 3.4.9 cannot be
 * trusted with a lost one: what was buffered stays in its way, so that statements on the next connection are never
 * sent and never settle, or it writes to the dead socket and throws where nobody can catch it. Nothing is ever sent
 * after a loss.
 */
import postgres from "postgres";
import { ReportsDatabaseError, toDatabaseError } from "./reports-database-error.ts";

export interface ConnectionOptions {
  readonly url: string;
  /** Shown in pg_stat_activity. */
  readonly name: string;
  /** Session settings. */
  readonly settings?: Readonly<Record<string, string>>;
}

export interface Connection {
  /** Runs one exchange with the driver. Rejects at once when the connection is or gets lost. */
  send<T>(exchange: (sql: postgres.Sql) => PromiseLike<T>): Promise<T>;
  /** Nothing works any more: open another one. */
  isLost(): boolean;
  end(): Promise<void>;
}

/** A dead address must not hold up a round for longer than a poll may take. */
const CONNECT_TIMEOUT_SECONDS = 5;
const END_TIMEOUT_SECONDS = 5;

/** PostgreSQL need not be up: the connection is made by the first exchange. */
export function openConnection(options: ConnectionOptions): Connection {
  let isLost = false;
  /** Rejections of the exchanges in flight: the driver does not settle all of them. */
  const inFlight = new Set<(error: Error) => void>();
  const lose = (): void => {
    if (isLost) return;
    isLost = true;
    for (const reject of inFlight) reject(lossError());
    void sql.end({ timeout: 0 }).catch(() => undefined);
  };
  const sql = postgres(options.url, {
    max: 1,
    max_lifetime: null,
    connect_timeout: CONNECT_TIMEOUT_SECONDS,
    // Its own question about array types at each connect is one that nobody catches; arrays go as literals here.
    fetch_types: false,
    onclose: lose,
    onnotice: () => undefined,
    connection: { application_name: options.name, TimeZone: "UTC", ...options.settings },
  });

  return {
    send(exchange) {
      if (isLost) return Promise.reject(lossError());
      return new Promise((resolve, reject) => {
        inFlight.add(reject);
        exchange(sql).then(
          (value) => {
            inFlight.delete(reject);
            resolve(value);
          },
          (error: unknown) => {
            inFlight.delete(reject);
            const known = toDatabaseError(error);
            if (known instanceof ReportsDatabaseError && known.code === "postgres_unreachable") lose();
            reject(known);
          },
        );
      });
    },
    isLost: () => isLost,
    async end() {
      isLost = true;
      await sql.end({ timeout: END_TIMEOUT_SECONDS });
    },
  };
}

function lossError(): ReportsDatabaseError {
  return new ReportsDatabaseError("postgres_unreachable", "CONNECTION_CLOSED", undefined);
}
