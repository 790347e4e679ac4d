/**
 * What the messages of one batch are paid from, in their order: the money on this set, and where that is not enough,
 * what is known of the other sets'. Of what lies there a message is promised its price, so that no more messages wait
 * for it than it can pay for. Pure.
 */
import type { LevelBill } from "#domain/event.ts";
import type { AccountId } from "#domain/ids.ts";
import { type Micros, toMicros } from "#domain/money.ts";
import type { Bill, Purse } from "./purse.ts";

/** What an account has beyond its money on this set. */
export interface Elsewhere {
  /** On other sets that answered, or on its way. */
  readonly micros: Micros;
  /** False: a set did not answer, and may hold more. */
  readonly isAll: boolean;
}

export type Taken =
  | { readonly type: "taken" }
  /**
   * Nothing was taken, as this account has too little: `elsewhere` with what other sets have, `unreachable` unless sets
   * that did not answer have it, `short` for certain.
   */
  | { readonly type: "elsewhere" | "unreachable" | "short"; readonly account: AccountId };

export interface BatchCredit {
  take(bills: readonly LevelBill[]): Taken;
}

export interface BatchCreditNeeds extends BatchCredit {
  /** What accounts lack on this set for the messages that were told `elsewhere`. */
  missing(): ReadonlyMap<AccountId, Micros>;
}

/**
 * `isLimited`: what others pay is billed and not taken. `elsewhere` says nothing of an account that was not asked
 * about: what it lacks is then said to be elsewhere.
 */
export function createBatchCredit(
  purse: Purse,
  isLimited: (account: AccountId) => boolean,
  elsewhere: ReadonlyMap<AccountId, Elsewhere>,
): BatchCreditNeeds {
  const promised = new Map<AccountId, bigint>();

  /** Undefined: with what is here and what is elsewhere it can be paid. */
  function lacking({ account, micros }: Bill): "unreachable" | "short" | undefined {
    const more = elsewhere.get(account);
    if (more === undefined) return undefined;
    if (purse.left(account) + more.micros - (promised.get(account) ?? 0n) >= micros) return undefined;
    return more.isAll ? "short" : "unreachable";
  }

  return {
    take(levels) {
      const bills = levels
        .filter(({ account }) => isLimited(account))
        .map(({ account, totalMicros }): Bill => ({ account, micros: toMicros(totalMicros) }));
      // What is promised is not there for a later message either: or it would be paid, and the earlier one not.
      const isFree = (bill: Bill): boolean =>
        purse.left(bill.account) - (promised.get(bill.account) ?? 0n) >= bill.micros;
      const blocked = bills.find((bill) => !isFree(bill));
      if (blocked === undefined) {
        purse.take(bills);
        return { type: "taken" };
      }
      for (const bill of bills) {
        const type = lacking(bill);
        if (type !== undefined) return { type, account: bill.account };
      }
      for (const { account, micros } of bills) promised.set(account, (promised.get(account) ?? 0n) + micros);
      return { type: "elsewhere", account: blocked.account };
    },
    missing() {
      const all = new Map<AccountId, Micros>();
      for (const [account, micros] of promised) {
        const missing = micros - purse.left(account);
        if (missing > 0n) all.set(account, missing as Micros);
      }
      return all;
    },
  };
}
