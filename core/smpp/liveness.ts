/**
 * Tells a quiet link from a dead one. After `idleMs` without an octet it sends one enquire_link; any octet within
 * `answerMs` is life, silence is the end of the link [SMPP 3.4 §2.7]. While we do not read, the peer cannot be judged by
 * its silence, but a peer that reads nothing for as long as both times together is lost too.
 */
import type { Clock } from "#domain/clock.ts";

export interface Liveness {
  /** An octet came in. */
  touch(): void;
  stop(): void;
}

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
    if (lastInbound > askedAt || !deps.isReading()) check();
    else deps.lost("peer_silent");
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
