/** Turns the driver's errors into StoreError, once, at the boundary that knows what was being done. */
import {
  MongoBulkWriteError,
  MongoError,
  MongoNetworkError,
  MongoServerError,
  MongoServerSelectionError,
  MongoTopologyClosedError,
  MongoWriteConcernError,
} from "mongodb";
import { StoreError } from "../store.ts";

export const DUPLICATE_KEY = 11_000;
const WRITE_CONFLICT = 112;

/** `doing` completes "Cannot …": "claim chunks of syd1". */
export function toStoreError(thrown: unknown, doing: string): StoreError {
  if (thrown instanceof StoreError) return thrown;
  const error = unwrap(thrown);
  const options = { retryable: true, cause: error };
  if (isUnreachable(error))
    return new StoreError("store_unreachable", `Cannot ${doing} as no primary answers`, options);
  if (error instanceof MongoServerError) {
    return new StoreError("store_refused", `Cannot ${doing} as the set refuses with code ${error.code}`, {
      retryable: ["RetryableWriteError", "TransientTransactionError"].some(labels(error)) || mayBeDone(error),
      cause: error,
    });
  }
  return new StoreError("store_timeout", `Cannot ${doing} as the set did not answer in time`, options);
}

const labels = (error: MongoServerError) => (label: string) => error.hasErrorLabel(label);

/** InterruptedAtShutdown, InterruptedDueToReplStateChange, ShutdownInProgress, PrimarySteppedDown. */
const INTERRUPTED: ReadonlySet<unknown> = new Set([11_600, 11_602, 91, 189]);

/**
 * The write was done where it was asked for, and what a majority will have is not known. A primary that steps down says
 * so without any label where the driver does not retry writes.
 */
function mayBeDone(error: MongoServerError): boolean {
  return error instanceof MongoWriteConcernError || INTERRUPTED.has(error.code);
}

/**
 * `insertMany` makes one error class of whatever happened, a lost connection too: taken as it is, a set that went away
 * in the middle of a step was called a refusal, and a defect of ours.
 */
function unwrap(error: unknown): unknown {
  if (!(error instanceof MongoBulkWriteError)) return error;
  const inner: unknown = error.errorResponse;
  return inner instanceof Error ? inner : error;
}

/** Nothing can have been sent: no server was selected. */
export function isNotSent(thrown: unknown): boolean {
  const error = unwrap(thrown);
  return error instanceof MongoServerSelectionError || error instanceof MongoTopologyClosedError;
}

/** LegacyNotPrimary, NotWritablePrimary, NotPrimaryNoSecondaryOk, NotPrimaryOrSecondary. */
const NOT_PRIMARY: ReadonlySet<unknown> = new Set([10_058, 10_107, 13_435, 13_436]);

/**
 * A primary that has stepped down was asked before we heard of it: it has done nothing, and nothing is wrong with what
 * was asked. It says so without any label where the driver does not retry writes.
 */
export function isNotPrimary(thrown: unknown): boolean {
  const error = unwrap(thrown);
  return error instanceof MongoServerError && !(error instanceof MongoWriteConcernError) && NOT_PRIMARY.has(error.code);
}

function isUnreachable(error: unknown): boolean {
  if (isNotSent(error) || isNotPrimary(error) || error instanceof MongoNetworkError) return true;
  // On Bun the first write to a socket that was just reset throws a plain Error out of the driver.
  const { code } = error as { readonly code?: unknown };
  return code === "ECONNRESET" || code === "EPIPE";
}

export function isDuplicateKey(error: unknown, collection: string): boolean {
  return (
    error instanceof MongoServerError && error.code === DUPLICATE_KEY && namespaceOf(error).endsWith(`.${collection}`)
  );
}

/** Another transaction that is open has written what this one wants to write. */
export function isWriteConflict(error: unknown): boolean {
  return error instanceof MongoServerError && error.code === WRITE_CONFLICT;
}

/** The one place that looks into a message: a duplicate-key error names its collection nowhere else in 6.0. */
function namespaceOf(error: MongoServerError): string {
  return /collection: (\S+)/.exec(error.errmsg ?? error.message)?.[1] ?? "";
}

/** The transaction was rolled back and left nothing behind. */
export function isDefiniteAbort(error: unknown): boolean {
  return (
    error instanceof MongoError &&
    error.hasErrorLabel("TransientTransactionError") &&
    !error.hasErrorLabel("UnknownTransactionCommitResult")
  );
}
