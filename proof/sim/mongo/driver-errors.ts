/** Errors as the driver throws them for each answer of a set: the real classes, codes and labels. */
import {
  type BulkWriteResult,
  MongoBulkWriteError,
  MongoNetworkError,
  MongoServerError,
  MongoServerSelectionError,
  MongoWriteConcernError,
  type TopologyDescription,
} from "mongodb";

export const TRANSIENT = "TransientTransactionError";
export const RETRYABLE = "RetryableWriteError";
export const UNKNOWN_COMMIT = "UnknownTransactionCommitResult";

export function serverError(code: number, codeName: string, errmsg: string): MongoServerError {
  return new MongoServerError({ ok: 0, code, codeName, errmsg });
}

/** Asked too late, by somebody who has not heard of the step-down: nothing was done. */
export function notWritablePrimary(): MongoServerError {
  return serverError(NOT_PRIMARY, "NotWritablePrimary", "not primary");
}
const NOT_PRIMARY = 10_107;

export function isNotPrimary(error: unknown): error is MongoServerError {
  return error instanceof MongoServerError && error.code === NOT_PRIMARY;
}

/** Of a statement in a transaction: the set has aborted it. */
export function writeConflict(): MongoServerError {
  return transient(serverError(112, "WriteConflict", "WriteConflict error: this operation conflicted with another"));
}

export function noSuchTransaction(): MongoServerError {
  return transient(serverError(251, "NoSuchTransaction", "Given transaction number does not match any in-progress"));
}

function transient(error: MongoServerError): MongoServerError {
  error.addErrorLabel(TRANSIENT);
  return error;
}

export function duplicateKey(collection: string, field: string, key: string): MongoServerError {
  const index = `index: ${field}_ dup key: { ${field}: "${key}" }`;
  const errmsg = `E11000 duplicate key error collection: ${DATABASE}.${collection} ${index}`;
  return serverError(11_000, "DuplicateKey", errmsg);
}
/** A simulated set has one database; only the messages say its name. */
const DATABASE = "sim";

export function timeLimitExceeded(): MongoServerError {
  return serverError(50, "MaxTimeMSExpired", "operation exceeded time limit");
}

export function cursorNotFound(): MongoServerError {
  return serverError(43, "CursorNotFound", "cursor id not found");
}

export function interrupted(): MongoServerError {
  return serverError(11_602, "InterruptedDueToReplStateChange", "operation was interrupted");
}

/**
 * What was asked for is done, here; whether a majority will have it is not known. A real set answers just this, without
 * a label, to a client that does not retry writes.
 */
export function steppedDownWhileWaiting(): MongoWriteConcernError {
  const { code, codeName, errmsg } = INTERRUPTED;
  return new MongoWriteConcernError({ ok: 1, writeConcernError: { code, codeName, errmsg } } as never);
}
const INTERRUPTED = { code: 11_602, codeName: "InterruptedDueToReplStateChange", errmsg: "operation was interrupted" };

export function connectionClosed(): MongoNetworkError {
  return new MongoNetworkError("connection to the primary closed");
}

export function noPrimary(): MongoServerSelectionError {
  return new MongoServerSelectionError("Server selection timed out after 2000 ms", {} as TopologyDescription);
}

/** What `insertMany` makes of any error. */
export function asBulkError(error: Error): MongoBulkWriteError {
  return new MongoBulkWriteError(error, {} as BulkWriteResult);
}
