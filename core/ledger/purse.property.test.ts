import { expect, test } from "bun:test";
import fc from "fast-check";
import type { AccountId } from "#domain/ids.ts";
import type { Micros } from "#domain/money.ts";
import { type AllotmentId, allotmentId } from "../store/charge.ts";
import { SLOTS, slotsOf, spread } from "./allotments.ts";
import { createPurse } from "./purse.ts";

const accounts = ["customer", "reseller", "top"] as string[] as AccountId[];
const account = fc.constantFrom(...accounts);
const amount = fc.bigInt({ min: 0n, max: 60n });
const slots = fc.dictionary(
  fc.tuple(account, fc.nat({ max: SLOTS - 1 })).map(([id, slot]) => allotmentId(id, slot)),
  amount,
);
const bills = fc.array(
  fc.uniqueArray(fc.record({ account, micros: amount.map((micros) => micros as Micros) }), {
    selector: ({ account: id }) => id,
    minLength: 1,
  }),
);
const heldBy = (held: ReadonlyMap<AllotmentId, bigint>, id: AccountId): bigint =>
  slotsOf(id).reduce((sum, slot) => sum + (held.get(slot) ?? 0n), 0n);

test("a purse takes a bill whole where there is enough for all of it, and charges exactly what it took", () => {
  fc.assert(
    fc.property(slots, bills, fc.nat({ max: SLOTS - 1 }), (rows, wanted, ownSlot) => {
      const held = new Map(Object.entries(rows) as [AllotmentId, Micros][]);
      const purse = createPurse(held, ownSlot);
      const left = new Map(accounts.map((id) => [id, heldBy(held, id)]));
      for (const levels of wanted) {
        const short = levels.find((bill) => (left.get(bill.account) ?? 0n) < bill.micros);
        expect(purse.take(levels)).toBe(short?.account);
        if (short !== undefined) continue;
        for (const bill of levels) left.set(bill.account, (left.get(bill.account) ?? 0n) - bill.micros);
      }
      const after = new Map<AllotmentId, bigint>(held);
      const charges = purse.charges();
      for (const { allotment, micros } of charges) after.set(allotment, (after.get(allotment) ?? 0n) - micros);
      for (const id of accounts) {
        expect(heldBy(after, id)).toBe(left.get(id) ?? 0n);
        expect(purse.left(id)).toBe((left.get(id) ?? 0n) as Micros);
      }
      expect([...after.values()].every((micros) => micros >= 0n)).toBe(true);
      expect(new Set(charges.map(({ allotment }) => allotment)).size).toBe(charges.length);
    }),
    { numRuns: 2_000 },
  );
});

test("a purse touches no slot but its own while there is enough in it", () => {
  const [customer] = accounts as [AccountId];
  const held = new Map(slotsOf(customer).map((slot) => [slot, 10n as Micros]));
  const purse = createPurse(held, 5);
  purse.take([{ account: customer, micros: 4n as Micros }]);
  purse.take([{ account: customer, micros: 6n as Micros }]);
  expect(purse.charges()).toEqual([{ allotment: allotmentId(customer, 5), micros: 10n as Micros }]);
});

test("where its own slot has too little, half of what the richest has comes with what is missing", () => {
  const [customer] = accounts as [AccountId];
  const held = new Map([
    [allotmentId(customer, 0), 1n as Micros],
    [allotmentId(customer, 1), 100n as Micros],
  ]);
  const purse = createPurse(held, 0);
  purse.take([{ account: customer, micros: 5n as Micros }]);
  expect(purse.charges()).toEqual([
    { allotment: allotmentId(customer, 0), micros: -45n as Micros },
    { allotment: allotmentId(customer, 1), micros: 50n as Micros },
  ]);
});

test("spread() gives every slot its part, and loses nothing", () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 10n ** 18n }), (micros) => {
      const charges = spread(accounts[0] as AccountId, micros as Micros);
      expect(charges.reduce((sum, charge) => sum - charge.micros, 0n)).toBe(micros);
      expect(charges.every((charge) => charge.micros < 0n)).toBe(true);
    }),
  );
});
