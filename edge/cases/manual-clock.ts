/** Time that stands still until a test moves it. Timers run in the order of their time. */
import type { Clock } from "#domain/clock.ts";

export interface ManualClock extends Clock {
  /** Runs every timer that is due within `ms`, each followed by whatever it set off. */
  advance(ms: number): Promise<void>;
  /** Timers that are armed: none should be when everything is closed. */
  armed(): number;
}

const START = Date.UTC(2030, 0, 1);

export function createManualClock(): ManualClock {
  let elapsed = 0;
  const timers = new Set<{ readonly at: number; readonly run: () => void }>();

  function after(ms: number, run: () => void): { cancel(): void } {
    const timer = { at: elapsed + ms, run };
    timers.add(timer);
    return { cancel: () => timers.delete(timer) };
  }

  return {
    now: () => START + elapsed,
    monotonic: () => elapsed,
    after,
    sleep(ms, signal) {
      return new Promise((resolve) => {
        if (signal?.aborted) return resolve();
        const timer = after(ms, resolve);
        signal?.addEventListener("abort", () => {
          timer.cancel();
          resolve();
        });
      });
    },
    armed: () => timers.size,
    async advance(ms) {
      const end = elapsed + ms;
      await settled();
      for (;;) {
        const [next] = [...timers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at);
        if (next === undefined) break;
        timers.delete(next);
        elapsed = next.at;
        next.run();
        await settled();
      }
      elapsed = end;
    },
  };
}

/**
 * Lets every promise that can move without time or I/O do so. Nothing under test takes nearly this many turns: the
 * longest, a handful of steps one after the other, takes up to 60.
 */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 500; turn++) await Promise.resolve();
}
