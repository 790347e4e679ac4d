/**
 * Tells a quiet link from a dead one. After `idleMs` without an octet it sends one enquire_link; any octet within
 * `answerMs` is life, silence is the end of the link [SMPP 3.4 §2.7]. While we do not read, the peer cannot be judged
 * by its silence, but a peer that reads nothing for as long as both times together is lost too.
 */
import type { Clock } from "#domain/clock.ts";

export interface Liveness {
  /** An octet came in. */
  touch(): void;
  /**
   * Something went unanswered since `since` (monotonic): if nothing else came in either, the peer is asked now and not
   * at the next silence, and it is true.
   */
  suspect(since: number): boolean;
  stop(): void;
}

/** Timers run before sockets are read: after a stall of our own, the answer may be there and not yet seen. */
const LAST_LOOK_MS = 1;

export function watchLiveness(deps: {
  readonly clock: Clock;
  readonly idleMs: number;
  readonly answerMs: number;
  readonly probe: () => void;
  readonly isReading: () => boolean;
  /** Since when our output has been stuck (monotonic); undefined while it flows. */
  readonly stuckSince: () => number | undefined;
  readonly lost: (reason: "peer_silent" | "peer_not_reading") => void;
}): Liveness {
  const { clock, idleMs, answerMs } = deps;
  let lastInbound = clock.monotonic();
  let isAsked = false;
  let timer = clock.after(idleMs, check);

  function check(): void {
    const now = clock.monotonic();
    const idle = now - lastInbound;
    if (now - (deps.stuckSince() ?? now) >= idleMs + answerMs) {
      deps.lost("peer_not_reading");
    } else if (!deps.isReading()) {
      timer = clock.after(idleMs, check);
    } else if (idle < idleMs) {
      timer = clock.after(Math.ceil(idleMs - idle), check);
    } else {
      ask(now);
    }
  }

  function ask(now: number): void {
    isAsked = true;
    deps.probe();
    timer = clock.after(answerMs, () => judge(now));
  }

  function judge(askedAt: number): void {
    if (showedLife(askedAt)) goOn();
    else timer = clock.after(LAST_LOOK_MS, () => (showedLife(askedAt) ? goOn() : deps.lost("peer_silent")));
  }

  function goOn(): void {
    isAsked = false;
    check();
  }

  function showedLife(askedAt: number): boolean {
    return lastInbound > askedAt || !deps.isReading();
  }

  return {
    touch() {
      lastInbound = clock.monotonic();
    },
    suspect(since) {
      if (!deps.isReading() || lastInbound > since) return false;
      if (!isAsked) {
        timer.cancel();
        ask(clock.monotonic());
      }
      return true;
    },
    stop() {
      timer.cancel();
    },
  };
}
