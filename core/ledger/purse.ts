/**
 * What one step may spend on its set: bills are taken whole or not at all, each account's from its slots as they were
 * read, its own slot first. The step's charges say what was taken; the set refuses them where a slot holds less by
 * then. Pure.
 */
import type { AccountId } from "#domain/ids.ts";
import type { Micros } from "#domain/money.ts";
import { type AllotmentId, allotmentId, type Charge } from "../store/charge.ts";
import { SLOTS } from "./allotments.ts";
import { takeRichest } from "./take-richest.ts";

/** What one level pays for a message. */
export interface Bill {
  readonly account: AccountId;
  readonly micros: Micros;
}

export interface Purse {
  /** All of them, or none: then the first account that has too little. */
  take(bills: readonly Bill[]): AccountId | undefined;
  /** What is left of an account's money on this set. */
  left(account: AccountId): Micros;
  /** Each allotment once. */
  charges(): readonly Charge[];
}

export function createPurse(held: ReadonlyMap<AllotmentId, Micros>, ownSlot: number): Purse {
  const had = new Map<AccountId, bigint>();
  const taken = new Map<AccountId, bigint>();
  const slotOf = (account: AccountId, slot: number): bigint => held.get(allotmentId(account, slot)) ?? 0n;

  function total(account: AccountId): bigint {
    const known = had.get(account);
    if (known !== undefined) return known;
    let sum = 0n;
    for (let slot = 0; slot < SLOTS; slot++) sum += slotOf(account, slot);
    had.set(account, sum);
    return sum;
  }
  const left = (account: AccountId): Micros => (total(account) - (taken.get(account) ?? 0n)) as Micros;

  return {
    left,
    take(bills) {
      const short = bills.find(({ account, micros }) => left(account) < micros);
      if (short !== undefined) return short.account;
      for (const { account, micros } of bills) taken.set(account, (taken.get(account) ?? 0n) + micros);
      return undefined;
    },
    charges: () =>
      [...taken]
        .flatMap(([account, micros]) => {
          const slots = Array.from({ length: SLOTS }, (_, slot) => slotOf(account, slot));
          return chargeSlots(slots, ownSlot, micros).map((amount, slot) => ({
            allotment: allotmentId(account, slot),
            micros: amount as Micros,
          }));
        })
        .filter(({ micros }) => micros !== 0n),
  };
}

/** What each slot gives for `micros`, which they hold together: what the own slot lacks is taken from the others. */
function chargeSlots(slots: readonly bigint[], own: number, micros: bigint): readonly bigint[] {
  const others = slots.map((amount, slot) => (slot === own ? 0n : amount));
  const given = takeRichest(others, micros - (slots[own] ?? 0n));
  const fromOthers = given.reduce((sum, amount) => sum + amount, 0n);
  return given.map((amount, slot) => (slot === own ? micros - fromOthers : amount));
}
