/** Asking a set without waiting for one that hangs. */
import type { Clock } from "#domain/clock.ts";
import { StoreError } from "./store.ts";

/** Undefined: the set failed, or took longer than `ms`; what it does then is not known. Other errors are ours. */
export function inTime<T>(clock: Clock, asked: Promise<T>, ms: number): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const late = clock.after(ms, () => resolve(undefined));
    const failed = (error: unknown): void => (error instanceof StoreError ? resolve(undefined) : reject(error));
    asked.then(resolve, failed).finally(() => late.cancel());
  });
}
