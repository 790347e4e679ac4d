/**
 * Every operation on a set ends, one way or the other. On Bun a write to a connection whose server was just killed may
 * never be answered, and no time-out of the socket fires: a loop that waits for it would wait for ever.
 */
import type { Clock } from "#domain/clock.ts";
import { StoreError } from "../store.ts";

/** Longer than the driver's own time-outs together, so that it is the last to speak. */
const OPERATION_MS = 12_000;

/** Rejects with StoreError `store_timeout` when `operation` has not settled in time; what it does then is not known. */
export async function withDeadline<T>(clock: Clock, operation: Promise<T>, ms: number = OPERATION_MS): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = clock.after(ms, () => {
    late.reject(new StoreError("store_timeout", `No answer from the set in ${ms} ms`, { retryable: true }));
  });
  operation.catch(() => undefined);
  try {
    return await Promise.race([operation, late.promise]);
  } finally {
    timer.cancel();
  }
}
