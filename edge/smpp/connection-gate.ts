/**
 * Who may knock: connections that have not bound are few, in all and from one network, so scanners and slow writers
 * cost a socket each, for a few seconds, and nothing else. Who guesses at passwords is the business of bind-guard.ts.
 */
import { networkOf } from "#core/directory/ip-range.ts";

export interface GateLimits {
  /** Connections that have not bound. */
  readonly unboundMax: number;
  /** Of IPv6 a /64 counts as one address. */
  readonly unboundPerAddressMax: number;
}

export interface ConnectionGate {
  readonly unbound: number;
  /** False: it is to be closed at once. True: `leave` when it has bound or gone. */
  enter(address: string): boolean;
  leave(address: string): void;
}

export function createConnectionGate(limits: GateLimits): ConnectionGate {
  const unboundBy = new Map<string, number>();
  let unbound = 0;

  return {
    get unbound() {
      return unbound;
    },
    enter(address) {
      const network = networkOf(address);
      const here = unboundBy.get(network) ?? 0;
      if (unbound >= limits.unboundMax || here >= limits.unboundPerAddressMax) return false;
      unboundBy.set(network, here + 1);
      unbound += 1;
      return true;
    },
    leave(address) {
      const network = networkOf(address);
      const here = unboundBy.get(network) ?? 0;
      if (here === 0) return;
      unbound -= 1;
      if (here === 1) unboundBy.delete(network);
      else unboundBy.set(network, here - 1);
    },
  };
}
