/**
 * Requests that cost nobody's window or rate, such as enquire_link and what cannot be read, are answered so often a
 * second. A peer that sends more of them is read on in the next second, so that it takes no time from others.
 */
import type { Clock } from "#domain/clock.ts";

export interface Chatter {
  /** Nothing should be read now. */
  readonly isTooMuch: boolean;
  /** One more was answered. */
  count(): void;
  stop(): void;
}

const SECOND_MS = 1_000;

/** `onOver`: the next second has begun, and it may be read again. */
export function createChatter(clock: Clock, onOver: () => void, perSecond: number = Number.POSITIVE_INFINITY): Chatter {
  let since = clock.monotonic();
  let counted = 0;
  let rest: { cancel(): void } | undefined;

  function begin(): void {
    since = clock.monotonic();
    counted = 0;
    rest = undefined;
  }

  return {
    get isTooMuch() {
      return rest !== undefined;
    },
    count() {
      if (clock.monotonic() - since >= SECOND_MS && rest === undefined) begin();
      counted += 1;
      if (counted < perSecond || rest !== undefined) return;
      rest = clock.after(Math.max(0, since + SECOND_MS - clock.monotonic()), () => {
        begin();
        onOver();
      });
    },
    stop: () => rest?.cancel(),
  };
}
