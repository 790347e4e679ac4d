import { expect, test } from "bun:test";
import type { LevelBill } from "#domain/event.ts";
import type { AccountId } from "#domain/ids.ts";
import type { Micros, MicrosText } from "#domain/money.ts";
import { allotmentId } from "../store/charge.ts";
import { createBatchCredit, type Total } from "./batch-credit.ts";
import { createPurse } from "./purse.ts";

const [customer, reseller] = ["customer", "reseller"] as [AccountId, AccountId];
const bill = (account: AccountId, micros: number): LevelBill => {
  const amount = `${micros}` as MicrosText;
  return { account, prefix: "+", priceMicros: amount, totalMicros: amount, currency: "EUR", charged: true };
};

const ASKED = 1_000;
const total = (micros: number, isAll = true): Total => ({ micros: BigInt(micros) as Micros, isAll, askedAt: ASKED });

function creditOf(here: Record<string, number>, totals: Record<string, Total> = {}) {
  const held = new Map(
    Object.entries(here).map(([id, all]) => [allotmentId(id as AccountId, 1), BigInt(all) as Micros]),
  );
  const known = new Map(Object.entries(totals).map(([id, one]) => [id as AccountId, one]));
  const purse = createPurse(held, 0);
  const credit = createBatchCredit(purse, known);
  const take = (...levels: readonly LevelBill[]) => credit.take(levels, ASKED);
  return { ...credit, purse, take, takeSince: credit.take };
}

test("all levels pay, or none does", () => {
  const { take, purse } = creditOf({ customer: 100, reseller: 5 }, { reseller: total(5), customer: total(100) });
  expect(take(bill(customer, 10), bill(reseller, 4))).toEqual({ type: "taken" });
  expect(take(bill(customer, 10), bill(reseller, 4))).toEqual({ type: "short", account: reseller });
  expect(purse.left(customer)).toBe(90n as Micros);
});

test("what others pay is not taken from anything", () => {
  const { take, purse } = creditOf({ customer: 10 });
  const { charged: _, ...unlimited } = bill(reseller, 4);
  expect(take(bill(customer, 10), unlimited)).toEqual({ type: "taken" });
  expect(purse.charges()).toEqual([{ allotment: allotmentId(customer, 1), micros: 10n as Micros }]);
});

test("of what all sets have no more is promised than there is", () => {
  const credit = creditOf({ customer: 5 }, { customer: total(25) });
  expect([1, 2, 3].map(() => credit.take(bill(customer, 10)).type)).toEqual(["elsewhere", "elsewhere", "short"]);
  expect(credit.missing()).toEqual(new Map([[customer, 15n as Micros]]));
});

test("what is taken here is not there for those that wait, and what they wait for is not there for others", () => {
  const credit = creditOf({ customer: 15 }, { customer: total(20) });
  expect([10, 8, 2, 3].map((micros) => credit.take(bill(customer, micros)).type)).toEqual([
    "taken",
    "elsewhere",
    "elsewhere",
    "short",
  ]);
});

test("nothing is said to be short while a set that does not answer may have it", () => {
  const credit = creditOf({ customer: 5 }, { customer: total(6, false) });
  expect(credit.take(bill(customer, 6)).type).toBe("elsewhere");
  expect(credit.take(bill(customer, 6))).toEqual({ type: "unreachable", account: customer });
});

test("what was known before a message waited says nothing of it", () => {
  const credit = creditOf({ customer: 0 }, { customer: total(0) });
  const asked = [undefined, ASKED + 1, ASKED].map((since) => credit.takeSince([bill(customer, 6)], since).type);
  expect(asked).toEqual(["elsewhere", "elsewhere", "short"]);
});
