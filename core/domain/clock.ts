/**
 * Time as an argument. This file and the `main` files are the only readers of real time: everything else takes a
 * `Clock`, so that tests and the simulation decide what time it is.
 */

/** A wall clock, a monotonic clock and two ways to wait. All units are milliseconds. */
export interface Clock {
  /** Milliseconds since the Unix epoch. May jump; never use it for a deadline. */
  now(): number;
  /** Milliseconds since an arbitrary origin. Never goes back: leases and deadlines are judged by it. */
  monotonic(): number;
  /** Resolves after `ms`, or at once when `signal` aborts (it does not reject: the caller asks the signal). */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** Runs `run` once after `ms` unless cancelled. */
  after(ms: number, run: () => void): { cancel(): void };
}

/** The real clock of this process. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep(ms, signal) {
    return new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const done = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      signal?.addEventListener("abort", done);
    });
  },
  after(ms, run) {
    const timer = setTimeout(run, ms);
    return { cancel: () => clearTimeout(timer) };
  },
};
