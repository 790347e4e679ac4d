/**
 * The binds of this process, by account: their number is bounded, their submits share one rate, and what waits for an
 * account is spread over those of its binds that receive.
 */
import type { Account } from "#core/directory/account.ts";
import type { Directory } from "#core/directory/directory.ts";
import type { SmppAccount } from "#core/directory/smpp-account.ts";
import { mayCarry } from "#core/smpp/bind-state.ts";
import type { Session } from "#core/smpp/session.ts";
import type { Clock } from "#domain/clock.ts";
import type { AccountId } from "#domain/ids.ts";
import { createSubmitRate, type SubmitRate } from "./submit-rate.ts";

/** One bind that stands. */
export interface Bind {
  readonly session: Session;
  readonly account: AccountId;
  /** What it proved: a directory that says otherwise ends it. */
  readonly credential: string;
  readonly rate: SubmitRate;
  /** Requests of the customer that await our answer. */
  inHand: number;
}

interface Group {
  readonly binds: Set<Bind>;
  readonly rate: SubmitRate;
  /** When its last bind went (monotonic). */
  emptySince: number;
}

/** Of an account without binds the rate is remembered until it is full again: binding anew brings no new second. */
const RATE_KEPT_MS = 1_000;

export interface BoundAccounts {
  readonly size: number;
  /** Undefined: the account has as many binds as it may. */
  add(session: Session, account: Account, smpp: SmppAccount): Bind | undefined;
  remove(session: Session): void;
  of(session: Session): Bind | undefined;
  countOf(account: AccountId): number;
  /** Accounts with a bind that receives. Ordered: the same accounts are the same list. */
  receivers(): readonly AccountId[];
  /** The receiving bind with most room left of `window`; undefined while none has any. */
  freest(account: AccountId, window: number): Bind | undefined;
  /** Binds whose credential the directory does not know any more. */
  withdrawn(directory: Directory): readonly Bind[];
}

export function credentialOf({ systemId, passwordSha256 }: SmppAccount): string {
  return `${systemId} ${passwordSha256}`;
}

export function createBoundAccounts(clock: Pick<Clock, "monotonic">): BoundAccounts {
  const groups = new Map<AccountId, Group>();
  const bySession = new Map<Session, Bind>();

  const receiving = ({ binds }: Group): readonly Bind[] =>
    [...binds].filter(({ session }) => session.state === "bound" && mayCarry(session.boundAs, "smsc"));

  function forgetFullRates(): void {
    const before = clock.monotonic() - RATE_KEPT_MS;
    for (const [id, { binds, emptySince }] of groups) if (binds.size === 0 && emptySince <= before) groups.delete(id);
  }

  return {
    get size() {
      return bySession.size;
    },
    add(session, { id }, smpp) {
      forgetFullRates();
      const group = groups.get(id) ?? { binds: new Set(), rate: createSubmitRate(clock), emptySince: 0 };
      if (group.binds.size >= smpp.bindsMax) return undefined;
      groups.set(id, group);
      const bind = { session, account: id, credential: credentialOf(smpp), rate: group.rate, inHand: 0 };
      group.binds.add(bind);
      bySession.set(session, bind);
      return bind;
    },
    remove(session) {
      const bind = bySession.get(session);
      if (bind === undefined) return;
      bySession.delete(session);
      const group = groups.get(bind.account);
      group?.binds.delete(bind);
      if (group?.binds.size === 0) group.emptySince = clock.monotonic();
    },
    of: (session) => bySession.get(session),
    countOf: (account) => groups.get(account)?.binds.size ?? 0,
    receivers: () => [...groups].flatMap(([id, group]) => (receiving(group).length > 0 ? [id] : [])).sort(),
    freest(account, window) {
      const group = groups.get(account);
      let best: { readonly bind: Bind; readonly free: number } | undefined;
      for (const bind of group === undefined ? [] : receiving(group)) {
        const free = Math.min(bind.session.freeSlots, window - bind.session.inFlight);
        if (free > (best?.free ?? 0)) best = { bind, free };
      }
      return best?.bind;
    },
    withdrawn: (directory) =>
      [...bySession.values()].filter(({ account, credential }) => {
        const smpp = directory.account(account)?.smpp;
        const isClosed = directory.standing(account)?.status === "closed";
        return isClosed || smpp === undefined || credentialOf(smpp) !== credential;
      }),
  };
}
