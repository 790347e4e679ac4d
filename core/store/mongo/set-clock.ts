/**
 * A set's clock as an offset to our monotonic one, so that "ready now" means now even where this process's clock is
 * wrong, or is set while it runs. Learnt from answers of the set; an answer that took long says little, as it may have
 * spent all that time on either way, so the fastest of the recent ones is believed.
 */
import type { Clock } from "#domain/clock.ts";

export interface SetClock {
  /** Milliseconds since the epoch; our own clock's while the set has never answered. */
  now(): number;
  /** The set said `localTime` in an answer that has just arrived and took `tookMs`. */
  learn(localTime: number, tookMs: number): void;
  /** Resolves with the first answer, or after FIRST_ANSWER_WAIT_MS. */
  ready(): Promise<void>;
}

/** A slower answer is passed over where a better one agrees with it: it may be wrong by half its delay. */
const SLOW_ANSWER_MS = 100;
/** Answers are believed for this long: 12 heartbeats, in which good clocks part by a millisecond or two. */
const RECENT_MS = 60_000;
/** A set that was just opened answers within milliseconds; one that is away is not waited for. */
const FIRST_ANSWER_WAIT_MS = 1_000;
/** Two answers disagree when they are further apart than their delays explain, and this for the drift between them. */
const DRIFT_MS = 20;

interface Answer {
  readonly offsetMs: number;
  readonly tookMs: number;
  /** By Clock.monotonic(). */
  readonly at: number;
}

export function createSetClock(clock: Clock): SetClock {
  let answers: readonly Answer[] = [];
  let offsetMs: number | undefined;
  const first = Promise.withResolvers<void>();

  return {
    now: () => (offsetMs === undefined ? clock.now() : Math.floor(clock.monotonic() + offsetMs)),
    learn(localTime, tookMs) {
      const at = clock.monotonic();
      const fresh = { offsetMs: localTime - (at - tookMs / 2), tookMs, at };
      // Where they cannot both be true, the set's clock was set in between, and the older one is history.
      const agreeing = answers.filter((held) => agree(held, fresh));
      const saysNothing = tookMs > SLOW_ANSWER_MS && agreeing.some((held) => held.tookMs <= tookMs);
      answers = saysNothing ? agreeing : [...agreeing.filter((held) => at - held.at < RECENT_MS), fresh];
      offsetMs = answers.reduce((best, answer) => (answer.tookMs < best.tookMs ? answer : best)).offsetMs;
      first.resolve();
    },
    async ready() {
      if (answers.length > 0) return;
      const waited = new AbortController();
      await Promise.race([first.promise, clock.sleep(FIRST_ANSWER_WAIT_MS, waited.signal)]);
      waited.abort();
    },
  };
}

function agree(one: Answer, other: Answer): boolean {
  return Math.abs(one.offsetMs - other.offsetMs) <= (one.tookMs + other.tookMs) / 2 + DRIFT_MS;
}
