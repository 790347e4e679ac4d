/** Turns the driver's errors into StoreError, once, at the boundary that knows what was being done. */
import {
  MongoError,
  MongoNetworkError,
  MongoServerError,
  MongoServerSelectionError,
  MongoTopologyClosedError,
} from "mongodb";
import { StoreError } from "../store.ts";

export const DUPLICATE_KEY = 11_000;

/** `doing` completes "Cannot …": "claim chunks of syd1". */
export function toStoreError(error: unknown, doing: string): StoreError {
  if (error instanceof StoreError) return error;
  const options = { retryable: true, cause: error };
  if (isUnreachable(error))
    return new StoreError("store_unreachable", `Cannot ${doing} as no primary answers`, options);
  if (error instanceof MongoServerError) {
    return new StoreError("store_refused", `Cannot ${doing} as the set refuses with code ${error.code}`, {
      retryable: error.hasErrorLabel("RetryableWriteError") || error.hasErrorLabel("TransientTransactionError"),
      cause: error,
    });
  }
  return new StoreError("store_timeout", `Cannot ${doing} as the set did not answer in time`, options);
}

/** Nothing can have been sent: no server was selected. */
export function isNotSent(error: unknown): boolean {
  return error instanceof MongoServerSelectionError || error instanceof MongoTopologyClosedError;
}

function isUnreachable(error: unknown): boolean {
  if (isNotSent(error) || error instanceof MongoNetworkError) return true;
  // On Bun the first write to a socket that was just reset throws a plain Error out of the driver.
  const { code } = error as { readonly code?: unknown };
  return code === "ECONNRESET" || code === "EPIPE";
}

export function isDuplicateKey(error: unknown, collection: string): boolean {
  return (
    error instanceof MongoServerError && error.code === DUPLICATE_KEY && namespaceOf(error).endsWith(`.${collection}`)
  );
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
