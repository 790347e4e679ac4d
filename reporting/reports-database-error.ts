/** What can go wrong with the reports' PostgreSQL, in one class with a code. */

/** SQLSTATE of a statement after one that failed. */
export const IN_FAILED_TRANSACTION = "25P02";

export type ReportsDatabaseErrorCode = "postgres_unreachable" | "postgres_refused";

/** An operational failure of PostgreSQL: not there, or it said no. `sqlState` where it said why. */
export class ReportsDatabaseError extends Error {
  readonly code: ReportsDatabaseErrorCode;
  readonly retryable: boolean;
  readonly sqlState: string | undefined;

  constructor(code: ReportsDatabaseErrorCode, sqlState: string | undefined, cause: unknown) {
    super(`PostgreSQL ${code === "postgres_unreachable" ? "is away" : "refused"} (${sqlState ?? "no code"})`, {
      cause,
    });
    this.name = "ReportsDatabaseError";
    this.code = code;
    this.retryable = code === "postgres_unreachable";
    this.sqlState = sqlState;
  }
}

/** SQLSTATE classes that mean "not now": connection (08), resources (53), operator intervention (57P). */
const AWAY = /^(08|53|57P)/;

/** Errors of ours pass; what the driver or the server said becomes a ReportsDatabaseError. */
export function toDatabaseError(error: unknown): unknown {
  const code = error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
  if (code === undefined || error instanceof ReportsDatabaseError) return error;
  const isSqlState = /^[0-9A-Z]{5}$/.test(code);
  if (!isSqlState && !/^(CONNECT|CONNECTION|E[A-Z]+$|NOT_TAGGED)/.test(code)) return error;
  const kind = !isSqlState || AWAY.test(code) ? "postgres_unreachable" : "postgres_refused";
  return new ReportsDatabaseError(kind, code, error);
}
