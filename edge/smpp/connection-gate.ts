/**
 * Who may knock: connections that have not bound are few, in all and from one network, so scanners and slow writers
 * cost a socket each, for a few seconds, and nothing else. When there are too many in all, the oldest has to go: who
 * comes to bind does that at once. Strangers turn nobody out who comes from where an account has bound before.
 */
import { networkOf } from "#core/directory/ip-range.ts";
import { keepLatest } from "./keep-latest.ts";

export interface GateLimits {
  /** Connections of strangers that have not bound. */
  readonly unboundMax: number;
  /** Of IPv6 a /64 counts as one address. */
  readonly unboundPerAddressMax: number;
}

export interface ConnectionGate {
  readonly unbound: number;
  /** Undefined: it is to be closed at once. `turnOut` closes it, if it has to make room for another. */
  enter(address: string, turnOut: () => void): Visit | undefined;
}

/** One connection that has not bound. */
export interface Visit {
  /** An account has proved itself: it is at home there from now on. */
  welcome(): void;
  /** It has bound, or gone. Twice is the same as once. */
  leave(): void;
}

/** Networks from which an account has bound; the oldest is forgotten first. */
const HOMES_MAX = 10_000;

export function createConnectionGate(limits: GateLimits): ConnectionGate {
  const unboundBy = new Map<string, number>();
  /** In the order in which they came. */
  const strangers = new Map<Visit, () => void>();
  const homes = new Map<string, true>();
  let unbound = 0;

  function turnOutOldest(): void {
    const [oldest] = strangers;
    if (oldest === undefined) return;
    const [visit, turnOut] = oldest;
    visit.leave();
    turnOut();
  }

  return {
    get unbound() {
      return unbound;
    },
    enter(address, turnOut) {
      const network = networkOf(address);
      const here = unboundBy.get(network) ?? 0;
      if (here >= limits.unboundPerAddressMax) return undefined;
      const isStranger = !homes.has(network);
      if (isStranger && strangers.size >= limits.unboundMax) turnOutOldest();
      let isHere = true;
      const visit: Visit = {
        welcome: () => keepLatest(homes, network, true, HOMES_MAX),
        leave() {
          if (!isHere) return;
          isHere = false;
          unbound -= 1;
          strangers.delete(visit);
          const left = (unboundBy.get(network) ?? 1) - 1;
          if (left === 0) unboundBy.delete(network);
          else unboundBy.set(network, left);
        },
      };
      unboundBy.set(network, (unboundBy.get(network) ?? 0) + 1);
      unbound += 1;
      if (isStranger) strangers.set(visit, turnOut);
      return visit;
    },
  };
}
