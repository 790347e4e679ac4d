/**
 * Tells a quiet link from a dead one. After `idleMs` without an octet it sends one enquire_link; any octet within
 * `answerMs` is life, silence is the end of the link [SMPP 3.4 §2.7]. While we do not read, the peer cannot be judged
 * by its silence, but a peer that reads nothing for as long as both times together is lost too.
 */
import type { Clock } from "#domain/clock.ts";

export interface Liveness {
  /** An octet came in. */
  touch(): void;
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
      deps.probe();
      timer = clock.after(answerMs, () => judge(now));
    }
  }

  function judge(askedAt: number): void {
    if (showedLife(askedAt)) check();
    else timer = clock.after(LAST_LOOK_MS, () => (showedLife(askedAt) ? check() : deps.lost("peer_silent")));
  }

  function showedLife(askedAt: number): boolean {
    return lastInbound > askedAt || !deps.isReading();
  }

  return {
    touch() {
      lastInbound = clock.monotonic();
    },
    stop() {
      timer.cancel();
    },
  };
}
