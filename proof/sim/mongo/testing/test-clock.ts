/** A clock whose time stands still until a test lets it pass. */
import { drainMicrotasks } from "bun:jsc";
import type { Clock } from "#domain/clock.ts";

export interface TestClock {
  readonly clock: Clock;
  /** Runs everything that is due within `ms`. */
  pass(ms: number): Promise<void>;
  /** Moves `now()` and nothing else. */
  jump(ms: number): void;
}

export function createTestClock(): TestClock {
  let timers: { readonly at: number; readonly run: () => void }[] = [];
  let at = 0;
  let offset = Date.UTC(2026, 10, 1);
  const clock: Clock = {
    now: () => at + offset,
    monotonic: () => at,
    sleep: (ms) => new Promise((resolve) => clock.after(ms, resolve)),
    after(ms, run) {
      const timer = { at: at + ms, run };
      timers.push(timer);
      return {
        cancel() {
          timers = timers.filter((each) => each !== timer);
        },
      };
    },
  };
  /** Runs everything that is due within `ms`. */
  async function pass(ms: number): Promise<void> {
    const end = at + ms;
    for (;;) {
      await macrotask();
      drainMicrotasks();
      const [next] = timers.filter((timer) => timer.at <= end).toSorted((a, b) => a.at - b.at);
      if (next === undefined) break;
      timers = timers.filter((timer) => timer !== next);
      at = next.at;
      next.run();
    }
    at = end;
  }
  const jump = (ms: number): void => {
    offset += ms;
  };
  return { clock, pass, jump };
}

const macrotask = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
