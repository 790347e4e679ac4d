/**
 * A circuit breaker around one set: it keeps requests away from a set that just failed, and finds out by itself when it
 * is back. States: closed (in use) → open (left alone for 1-5 s) → half_open (one ping under way) → closed or open. A
 * set that is not used for new steps is not pinged, and stays open until it is used again. It never decides about a
 * step: a commit that was begun is left to finish, and its success closes the breaker.
 */
import type { Clock } from "#domain/clock.ts";
import type { Random } from "#domain/random.ts";
import type { CommitResult, Step, Store, StoreError } from "./store.ts";

/** A commit that takes longer counts as a failure. 2 s: twenty times the usual, well before a client gives up. */
export const COMMIT_SLOW_MS = 2_000;
/** How long a set is left alone: jittered, so that a fleet of edges does not come back in step. */
export const OPEN_MS_MIN = 1_000;
export const OPEN_MS_MAX = 5_000;
/** A ping that takes longer has failed: a paused primary accepts it and never answers. */
export const PROBE_MS_MAX = 1_000;
/** A probe that a caller asks for, with every set away, comes at least this long after the last failure. */
export const PROBE_GAP_MS = 250;
/**
 * This many refusals of single steps in a row open the breaker too. Fewer say something about the step, not about the
 * set: one bad request must not close every set in turn.
 */
export const REFUSALS_MAX = 5;

export type BreakerState = "closed" | "open" | "half_open";

export interface Breaker extends Disposable {
  readonly store: Store;
  readonly state: BreakerState;
  /** Milliseconds until the next probe; 0 unless open. */
  dueInMs(): number;
  /** Commits the step and judges the set by how it went. */
  commit(step: Step): Promise<CommitResult>;
  /** Pings an open set before its time, unless that was done a moment ago. */
  probeEarly(): void;
}

/** `onChange` hears every transition and why: the code of the error, `slow_commit`, or `recovered`. */
export function createBreaker(deps: {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  /** Whether the set would be used if it were back. */
  readonly mayProbe: () => boolean;
  readonly onChange: (state: BreakerState, code: string) => void;
}): Breaker {
  const { store, clock, random } = deps;
  let state: BreakerState = "closed";
  let dueAt = 0;
  let openedAt = 0;
  let probes = 0;
  let disposed = false;
  let refusals = 0;
  /** When the set was last found to be back. */
  let backAt = Number.NEGATIVE_INFINITY;
  /** Ends the present state: the next probe while open, the time-out of the ping while half open. */
  let timer: { cancel(): void } | undefined;

  function enter(next: BreakerState, code: string, timeout?: { readonly ms: number; readonly run: () => void }): void {
    if (disposed) return;
    timer?.cancel();
    timer = timeout && clock.after(timeout.ms, timeout.run);
    state = next;
    deps.onChange(next, code);
  }

  function open(code: string): void {
    const ms = OPEN_MS_MIN + random.fraction() * (OPEN_MS_MAX - OPEN_MS_MIN);
    dueAt = clock.monotonic() + ms;
    openedAt = clock.monotonic();
    enter("open", code, { ms, run: probe });
  }

  function close(): void {
    refusals = 0;
    if (state === "closed") return;
    backAt = clock.monotonic();
    enter("closed", "recovered");
  }

  /** The first of answer, error and time-out decides. What comes after the state has moved on is not heard. */
  function probe(): void {
    if (!deps.mayProbe()) {
      timer = clock.after(OPEN_MS_MIN, probe);
      return;
    }
    const mine = ++probes;
    const decide = (act: () => void) => (): void => {
      if (state === "half_open" && mine === probes) act();
    };
    enter("half_open", "probe", { ms: PROBE_MS_MAX, run: decide(() => open("probe_timeout")) });
    store.ping().then(
      decide(close),
      decide(() => open("probe_failed")),
    );
  }

  function judge(result: CommitResult, begunAt: number): void {
    if (result.type === "committed") close();
    const error = failureOf(result);
    // A step that hung through an outage ends seconds after the set is back, and says nothing of it now.
    if (error === undefined || begunAt < backAt) return;
    const aboutTheSet = result.type === "unknown" || error.retryable || ++refusals >= REFUSALS_MAX;
    if (aboutTheSet && state === "closed") open(error.code);
  }

  return {
    store,
    get state() {
      return state;
    },
    dueInMs: () => (state === "open" ? Math.max(0, dueAt - clock.monotonic()) : 0),
    async commit(step) {
      const begunAt = clock.monotonic();
      const slow = clock.after(COMMIT_SLOW_MS, () => {
        if (state === "closed") open("slow_commit");
      });
      const result = await store.commit(step).finally(() => slow.cancel());
      judge(result, begunAt);
      return result;
    },
    probeEarly() {
      if (state === "open" && clock.monotonic() - openedAt >= PROBE_GAP_MS) probe();
    },
    [Symbol.dispose]() {
      disposed = true;
      timer?.cancel();
    },
  };
}

/** What may be the set's fault; a contended key says something of the step's keys, and of the set that it answers. */
function failureOf(result: CommitResult): StoreError | undefined {
  const isFailure = result.type === "failed" || result.type === "unknown";
  return isFailure && result.error.code !== "key_contended" ? result.error : undefined;
}
