/**
 * Who may knock: connections that have not bound are few, in all and from one address, and who guesses at passwords
 * waits longer each time. So scanners and guessers cost a socket each, for a few seconds, and nothing else.
 */
import type { Clock } from "#domain/clock.ts";

export interface GateLimits {
  /** Connections that have not bound. */
  readonly unboundMax: number;
  readonly unboundPerAddressMax: number;
}

/** The first refusal costs its address this much at the next bind; each one more doubles it. */
const DELAY_FIRST_MS = 250;
/** Below the time that a connection has for its bind, so that the right password still gets in. */
const DELAY_MAX_MS = 5_000;
/** An address that has not failed for this long begins anew. */
const FORGIVEN_MS = 600_000;
/** Addresses remembered; the oldest is forgotten first. */
const ADDRESSES_MAX = 10_000;

export interface ConnectionGate {
  readonly unbound: number;
  /** False: it is to be closed at once. True: `leave` when it has bound or gone. */
  enter(address: string): boolean;
  leave(address: string): void;
  refused(address: string): void;
  /** How long an answer to a bind from there has to wait. */
  delayMs(address: string): number;
}

export function createConnectionGate(clock: Pick<Clock, "monotonic">, limits: GateLimits): ConnectionGate {
  const unboundBy = new Map<string, number>();
  const failures = new Map<string, { count: number; at: number }>();
  let unbound = 0;

  return {
    get unbound() {
      return unbound;
    },
    enter(address) {
      const here = unboundBy.get(address) ?? 0;
      if (unbound >= limits.unboundMax || here >= limits.unboundPerAddressMax) return false;
      unboundBy.set(address, here + 1);
      unbound += 1;
      return true;
    },
    leave(address) {
      const here = unboundBy.get(address) ?? 0;
      if (here === 0) return;
      unbound -= 1;
      if (here === 1) unboundBy.delete(address);
      else unboundBy.set(address, here - 1);
    },
    refused(address) {
      const now = clock.monotonic();
      const held = failures.get(address);
      const isFresh = held !== undefined && now - held.at < FORGIVEN_MS;
      failures.delete(address);
      failures.set(address, { count: isFresh ? held.count + 1 : 1, at: now });
      const [oldest] = failures.size > ADDRESSES_MAX ? failures.keys() : [];
      if (oldest !== undefined) failures.delete(oldest);
    },
    delayMs(address) {
      const held = failures.get(address);
      if (held === undefined || clock.monotonic() - held.at >= FORGIVEN_MS) return 0;
      return Math.min(DELAY_MAX_MS, DELAY_FIRST_MS * 2 ** (held.count - 1));
    },
  };
}
