/**
 * The real clock, some times as fast, so that a time-out of ten seconds can be waited for in tests. Counts its timers:
 * a session that has ended must have left none.
 */
import { type Clock, systemClock } from "#domain/clock.ts";

export interface HurriedClock extends Clock {
  /** Timers that wait. */
  readonly timers: number;
}

export function createHurriedClock(speed: number): HurriedClock {
  let timers = 0;
  return {
    now: () => systemClock.now(),
    monotonic: () => systemClock.monotonic() * speed,
    sleep: (ms, signal) => systemClock.sleep(ms / speed, signal),
    after(ms, run) {
      let waits = true;
      timers++;
      const end = (): void => {
        if (waits) timers--;
        waits = false;
      };
      const timer = systemClock.after(ms / speed, () => {
        end();
        run();
      });
      return {
        cancel() {
          end();
          timer.cancel();
        },
      };
    },
    get timers() {
      return timers;
    },
  };
}
