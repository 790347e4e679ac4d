/**
 * What a worker knows of the money on one set: read when an account is first met, kept up to date by what its own
 * steps take, and read again where a step was refused or an account seems to have too little. It may be wrong, as
 * others spend too: the set judges every charge.
 */
import type { AccountId } from "#domain/ids.ts";
import type { Micros } from "#domain/money.ts";
import type { AllotmentId, Charge } from "../store/charge.ts";
import type { Store } from "../store/store.ts";
import { slotsOf } from "./allotments.ts";

/** Accounts known at once, of SLOTS numbers each: 20 MB. Then all are forgotten, and read again as they are met. */
const ACCOUNTS_MAX = 10_000;

export interface CreditView {
  /** The slots of these accounts. Throws StoreError. */
  read(accounts: readonly AccountId[]): Promise<ReadonlyMap<AllotmentId, Micros>>;
  /** As they were just read by somebody. */
  learn(accounts: readonly AccountId[], held: ReadonlyMap<AllotmentId, Micros>): void;
  /** What a step of ours has moved for certain. */
  note(charges: readonly Charge[]): void;
  forget(accounts: readonly AccountId[]): void;
}

export function createCreditView(store: Pick<Store, "balances">): CreditView {
  const known = new Set<AccountId>();
  const slots = new Map<AllotmentId, Micros>();

  function learn(accounts: readonly AccountId[], held: ReadonlyMap<AllotmentId, Micros>): void {
    if (known.size + accounts.length > ACCOUNTS_MAX) {
      known.clear();
      slots.clear();
    }
    for (const account of accounts) {
      known.add(account);
      for (const slot of slotsOf(account)) slots.set(slot, held.get(slot) ?? (0n as Micros));
    }
  }

  return {
    learn,
    async read(accounts) {
      const unknown = accounts.filter((account) => !known.has(account));
      if (unknown.length > 0) learn(unknown, await store.balances(unknown.flatMap(slotsOf)));
      return slots;
    },
    note(charges) {
      for (const { allotment, micros } of charges) {
        const held = slots.get(allotment);
        if (held !== undefined) slots.set(allotment, (held - micros) as Micros);
      }
    },
    forget(accounts) {
      for (const account of accounts) known.delete(account);
    },
  };
}
