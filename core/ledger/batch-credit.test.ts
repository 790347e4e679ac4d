import { expect, test } from "bun:test";
import type { LevelBill } from "#domain/event.ts";
import type { AccountId } from "#domain/ids.ts";
import type { Micros, MicrosText } from "#domain/money.ts";
import { allotmentId } from "../store/store.ts";
import { createBatchCredit, type Elsewhere } from "./batch-credit.ts";
import { createPurse } from "./purse.ts";

const [customer, reseller] = ["customer", "reseller"] as [AccountId, AccountId];
const bill = (account: AccountId, micros: number): LevelBill => {
  const amount = `${micros}` as MicrosText;
  return { account, prefix: "+", priceMicros: amount, totalMicros: amount, currency: "EUR" };
};

function creditOf(here: Record<string, number>, elsewhere: Record<string, Elsewhere> = {}) {
  const held = new Map(
    Object.entries(here).map(([id, all]) => [allotmentId(id as AccountId, 1), BigInt(all) as Micros]),
  );
  const known = new Map(Object.entries(elsewhere).map(([id, more]) => [id as AccountId, more]));
  const purse = createPurse(held, 0);
  return { purse, ...createBatchCredit(purse, (account) => account in here, known) };
}
const more = (micros: number, isAll = true): Elsewhere => ({ micros: BigInt(micros) as Micros, isAll });

test("all levels pay, or none does", () => {
  const { take, purse } = creditOf({ customer: 100, reseller: 5 }, { reseller: more(0), customer: more(0) });
  expect(take([bill(customer, 10), bill(reseller, 4)])).toEqual({ type: "taken" });
  expect(take([bill(customer, 10), bill(reseller, 4)])).toEqual({ type: "short", account: reseller });
  expect(purse.left(customer)).toBe(90n as Micros);
});

test("what others pay is not taken from anything", () => {
  const { take, purse } = creditOf({ customer: 10 });
  expect(take([bill(customer, 10), bill(reseller, 4)])).toEqual({ type: "taken" });
  expect(purse.charges()).toEqual([{ allotment: allotmentId(customer, 1), micros: 10n as Micros }]);
});

test("of what lies elsewhere no more is promised than there is", () => {
  const credit = creditOf({ customer: 5 }, { customer: more(20) });
  expect(credit.take([bill(customer, 10)]).type).toBe("elsewhere");
  expect(credit.take([bill(customer, 10)]).type).toBe("elsewhere");
  expect(credit.take([bill(customer, 10)]).type).toBe("short");
  expect(credit.missing()).toEqual(new Map([[customer, 15n as Micros]]));
});

test("what is promised to an earlier message is not there for a later one that costs less", () => {
  const credit = creditOf({ customer: 5 }, { customer: more(5) });
  expect(credit.take([bill(customer, 8)]).type).toBe("elsewhere");
  expect(credit.take([bill(customer, 2)]).type).toBe("elsewhere");
  expect(credit.take([bill(customer, 2)]).type).toBe("short");
});

test("nothing is said to be short while a set that does not answer may have it", () => {
  const credit = creditOf({ customer: 5 }, { customer: more(1, false) });
  expect(credit.take([bill(customer, 6)]).type).toBe("elsewhere");
  expect(credit.take([bill(customer, 6)])).toEqual({ type: "unreachable", account: customer });
});

test("who was not asked about may have it elsewhere", () => {
  const credit = creditOf({ customer: 0 });
  expect(credit.take([bill(customer, 6)]).type).toBe("elsewhere");
  expect(credit.missing()).toEqual(new Map([[customer, 6n as Micros]]));
});
