/** A clock that stands until a test moves it. */
import type { Clock } from "#domain/clock.ts";

export interface ManualClock extends Clock {
  /** Moves on by `ms` and runs what falls due, in order of its time. */
  advance(ms: number): void;
  /** Timers that wait. */
  readonly timers: number;
}

export function createManualClock(): ManualClock {
  let now = 0;
  let waiting: { readonly at: number; readonly run: () => void }[] = [];

  function after(ms: number, run: () => void): { cancel(): void } {
    const timer = { at: now + ms, run };
    waiting.push(timer);
    return {
      cancel() {
        waiting = waiting.filter((other) => other !== timer);
      },
    };
  }

  return {
    now: () => now,
    monotonic: () => now,
    sleep: (ms) => new Promise((resolve) => after(ms, resolve)),
    after,
    get timers() {
      return waiting.length;
    },
    advance(ms) {
      const until = now + ms;
      for (;;) {
        const due = waiting.filter(({ at }) => at <= until).toSorted((a, b) => a.at - b.at)[0];
        if (due === undefined) break;
        waiting = waiting.filter((other) => other !== due);
        now = Math.max(now, due.at);
        due.run();
      }
      now = until;
    },
  };
}
