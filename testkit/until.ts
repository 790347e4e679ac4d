/**
 * Waiting with a bound: the one polling loop of the testkit. It never waits without a limit, and its error says what
 * was waited for.
 */
import { setTimeout as pause } from "node:timers/promises";

const DEFAULT_EVERY_MS = 20;

/** What was waited for did not happen in time. */
class WaitTimeoutError extends Error {
  override readonly name = "WaitTimeoutError";
  readonly code = "wait_timeout";
  readonly retryable = true;
}

/**
 * Asks `probe` again and again until it answers something other than `undefined`, and returns that.
 * `what` completes the sentence "Waited 5000 ms for …". Throws WaitTimeoutError after `boundMs`, whatever `probe` does:
 * an answer that never comes is cut off too. A probe that throws ends the wait with its error.
 */
export async function until<T>(
  what: string,
  boundMs: number,
  probe: () => T | undefined | Promise<T | undefined>,
  everyMs: number = DEFAULT_EVERY_MS,
): Promise<T> {
  const limit = new AbortController();
  const timedOut = new WaitTimeoutError(`Waited ${boundMs} ms for ${what}, in vain`);
  const bound = pause(boundMs, undefined, { signal: limit.signal }).then(() => Promise.reject(timedOut));
  bound.catch(() => undefined);
  try {
    for (;;) {
      const answer = await Promise.race([probe(), bound]);
      if (answer !== undefined) return answer;
      await Promise.race([pause(everyMs), bound]);
    }
  } finally {
    limit.abort();
  }
}
