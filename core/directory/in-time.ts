/** Asking a set without waiting for one that hangs. */
import type { Clock } from "#domain/clock.ts";

/** Undefined: it failed, or took longer than `ms`. What it does then is not known. */
export function inTime<T>(clock: Clock, asked: Promise<T>, ms: number): Promise<T | undefined> {
  return new Promise((resolve) => {
    const late = clock.after(ms, () => resolve(undefined));
    asked.then(resolve, () => resolve(undefined)).finally(() => late.cancel());
  });
}
