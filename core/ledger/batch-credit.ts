/**
 * What the messages of one batch are paid from, in their order: the money on this set; and where that is not enough,
 * what is known of all sets together. Of that a message is promised its price, so that no more messages wait than can
 * be paid for. Pure.
 */
import type { LevelBill } from "#domain/event.ts";
import type { AccountId } from "#domain/ids.ts";
import { type Micros, toMicros } from "#domain/money.ts";
import type { Bill, Purse } from "./purse.ts";

/** What an account could spend at one moment, over all sets. */
export interface Total {
  readonly micros: Micros;
  /** False: a set did not answer, and may hold more. */
  readonly isAll: boolean;
  /** When it was asked for; milliseconds since the epoch. */
  readonly askedAt: number;
}

export type Taken =
  | { readonly type: "taken" }
  /**
   * Nothing was taken, as this account has too little here: `elsewhere`, as far as is known, on other sets;
   * `unreachable` unless sets that did not answer have it; `short` for certain.
   */
  | { readonly type: "elsewhere" | "unreachable" | "short"; readonly account: AccountId };

export interface BatchCredit {
  /** `since`: the message has waited since then, in milliseconds since the epoch; what was known before is no news. */
  take(levels: readonly LevelBill[], since: number | undefined): Taken;
}

export interface BatchCreditNeeds extends BatchCredit {
  /** What accounts lack on this set for the messages that were told `elsewhere`. */
  missing(): ReadonlyMap<AccountId, Micros>;
}

/** Bills that are not to be charged cost nothing here. */
export function createBatchCredit(purse: Purse, totals: ReadonlyMap<AccountId, Total>): BatchCreditNeeds {
  const promised = new Map<AccountId, bigint>();
  const spent = new Map<AccountId, bigint>();
  const add = (sums: Map<AccountId, bigint>, bills: readonly Bill[]): void => {
    for (const { account, micros } of bills) sums.set(account, (sums.get(account) ?? 0n) + micros);
  };
  const of = (sums: ReadonlyMap<AccountId, bigint>, account: AccountId): bigint => sums.get(account) ?? 0n;

  // What is promised is not there for a later message either: or it would be paid, and the earlier one not.
  const isHere = ({ account, micros }: Bill): boolean => purse.left(account) - of(promised, account) >= micros;

  /** Undefined: as far as is known, there is enough. */
  function lacking(bill: Bill, since: number | undefined): "unreachable" | "short" | undefined {
    const { account, micros } = bill;
    const total = totals.get(account);
    if (isHere(bill) || total === undefined || since === undefined || total.askedAt < since) return undefined;
    if (total.micros - of(spent, account) - of(promised, account) >= micros) return undefined;
    return total.isAll ? "short" : "unreachable";
  }

  return {
    take(levels, since) {
      const bills = levels
        .filter(({ charged }) => charged)
        .map(({ account, totalMicros }): Bill => ({ account, micros: toMicros(totalMicros) }));
      const blocked = bills.find((bill) => !isHere(bill));
      if (blocked === undefined) {
        purse.take(bills);
        add(spent, bills);
        return { type: "taken" };
      }
      for (const bill of bills) {
        const type = lacking(bill, since);
        if (type !== undefined) return { type, account: bill.account };
      }
      add(promised, bills);
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
