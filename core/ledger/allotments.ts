/**
 * Where the money of an account stands on one set. What may be spent lies in slots, one document each, so that workers
 * who use different ones do not wait for each other. Beside them stand counters that only grow or shrink with entries:
 * what left for and came from each other set, and what is lent or kept unspent. None is ever below zero.
 *
 *     balance of an account = Σ over sets (slots + sent − landed) + kept − lent
 */
import type { AccountId, SetId } from "#domain/ids.ts";
import type { Micros } from "#domain/money.ts";
import { type AllotmentId, allotmentId, type Charge } from "../store/charge.ts";
import type { Store } from "../store/store.ts";

/** Of an account on a set. More workers than that share slots, and wait for each other now and then. */
export const SLOTS = 8;

/** `sent` and `landed` are counters of a pair of sets; their difference over both is what is on its way. */
export const sentTo = (account: AccountId, set: SetId): AllotmentId => allotmentId(account, `to ${set}`);
export const landedFrom = (account: AccountId, set: SetId): AllotmentId => allotmentId(account, `from ${set}`);
/** What may be spent beyond the balance. */
export const lentTo = (account: AccountId): AllotmentId => allotmentId(account, "lent");
/** What must not be spent of the balance. */
export const keptOf = (account: AccountId): AllotmentId => allotmentId(account, "kept");

export function accountOf(allotment: AllotmentId): AccountId {
  return allotment.slice(0, allotment.lastIndexOf("|")) as AccountId;
}

export function slotsOf(account: AccountId): readonly AllotmentId[] {
  return Array.from({ length: SLOTS }, (_, slot) => allotmentId(account, slot));
}

/** Into the slots in equal parts; what cannot be divided goes to the first. Nothing for nothing. */
export function spread(account: AccountId, micros: Micros): readonly Charge[] {
  const part = micros / BigInt(SLOTS);
  const first = micros - part * BigInt(SLOTS - 1);
  return slotsOf(account).flatMap((allotment, slot): readonly Charge[] => {
    const amount = slot === 0 ? first : part;
    return amount === 0n ? [] : [{ allotment, micros: -amount as Micros }];
  });
}

/** What an account has on one set, as it was read. */
export interface Holding {
  /** May be spent there. */
  readonly spendable: Micros;
  readonly sent: Micros;
  readonly landed: Micros;
  readonly lent: Micros;
  readonly kept: Micros;
}

/** Of one set at one moment. */
export interface ReadHoldings {
  readonly holdings: ReadonlyMap<AccountId, Holding>;
  /** By slot. */
  readonly held: ReadonlyMap<AllotmentId, Micros>;
}

/** In one read. Throws StoreError. `others`: the sets that money may have come from or left for. */
export async function readHoldings(
  store: Pick<Store, "balances">,
  accounts: readonly AccountId[],
  others: readonly SetId[],
): Promise<ReadHoldings> {
  const idsOf = (account: AccountId) => ({
    slots: slotsOf(account),
    sent: others.map((set) => sentTo(account, set)),
    landed: others.map((set) => landedFrom(account, set)),
    lent: [lentTo(account)],
    kept: [keptOf(account)],
  });
  const ids = accounts.flatMap((account) => Object.values(idsOf(account)).flat());
  // Money that comes to a slot while they are read would be in its counter and not in the slot, and look like a debt.
  const held = await store.balances(ids, { atOnce: true });
  const sum = (ids: readonly AllotmentId[]): Micros =>
    ids.reduce((all, id) => all + (held.get(id) ?? 0n), 0n) as Micros;
  const holdings = accounts.map((account): [AccountId, Holding] => {
    const { slots, sent, landed, lent, kept } = idsOf(account);
    const counters = { sent: sum(sent), landed: sum(landed), lent: sum(lent), kept: sum(kept) };
    return [account, { spendable: sum(slots), ...counters }];
  });
  return { holdings: new Map(holdings), held };
}

/**
 * What may be spent over all these sets, with what is on its way between them. Right also where money travels while
 * they are read one after the other: what was not there yet when its set was read had not left when the other was, or
 * is counted by `sent` and not by `landed`.
 */
export function spendableOver(holdings: readonly Holding[]): Micros {
  return holdings.reduce((all, { spendable, sent, landed }) => all + spendable + sent - landed, 0n) as Micros;
}

export function balanceOver(holdings: readonly Holding[]): Micros {
  return holdings.reduce((all, { kept, lent }) => all + kept - lent, spendableOver(holdings) as bigint) as Micros;
}
