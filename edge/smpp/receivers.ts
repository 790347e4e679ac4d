/** How deliveries find a bind: the freest one of an account, as soon as there is one with room. */
import type { Clock } from "#domain/clock.ts";
import type { AccountId } from "#domain/ids.ts";
import type { BoundAccounts } from "./bound-accounts.ts";
import type { Receiver, RecentlyTold } from "./deliver-batch.ts";

export interface Receivers {
  /** Something may have room now, or has gone. */
  changed(): void;
  /** `untilMs` by the monotonic clock. Undefined: none had room by then, or none is left. */
  next(account: AccountId, untilMs: number): Promise<Receiver | undefined>;
}

/** A change that nobody told of is found this late. */
const LOOK_MS = 1_000;

export function createReceivers(deps: {
  readonly clock: Clock;
  readonly bound: BoundAccounts;
  /** Undefined: the account gets nothing over SMPP any more. */
  readonly windowOf: (account: AccountId) => number | undefined;
}): Receivers {
  const { clock, bound } = deps;
  let change = new AbortController();
  let waiting = 0;

  function find(account: AccountId): Receiver | undefined {
    const bind = bound.freest(account, deps.windowOf(account) ?? 0);
    if (bind === undefined) return undefined;
    return { request: (fields, mayWrite) => bind.session.request("deliver_sm", fields, { mayWrite }) };
  }

  return {
    changed() {
      if (waiting === 0) return;
      change.abort();
      change = new AbortController();
    },
    async next(account, untilMs) {
      for (;;) {
        const found = find(account);
        const leftMs = untilMs - clock.monotonic();
        if (found !== undefined || leftMs <= 0 || !bound.receivers().includes(account)) return found;
        waiting += 1;
        await clock.sleep(Math.min(LOOK_MS, leftMs), change.signal);
        waiting -= 1;
      }
    },
  };
}

/** Receipts remembered; the oldest is forgotten first. */
const TOLD_MAX = 50_000;

export function createRecentlyTold(): RecentlyTold {
  const told = new Set<string>();
  return {
    begin(receipt) {
      if (told.has(receipt)) return false;
      told.add(receipt);
      const [oldest] = told.size > TOLD_MAX ? told : [];
      if (oldest !== undefined) told.delete(oldest);
      return true;
    },
    undo: (receipt) => void told.delete(receipt),
  };
}
