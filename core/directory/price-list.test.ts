import { expect, test } from "bun:test";
import type { E164, Sender } from "#domain/e164.ts";
import { directorySchema } from "./directory.ts";
import { createPriceList, priceListSchema } from "./price-list.ts";

const account = { id: "acme", name: "Acme", currency: "EUR", inDoubt: "keep", keys: [] };
const retail = { id: "retail", currency: "EUR", rates: [{ prefix: "+", priceMicros: "90000" }] };
const problems = (accounts: readonly object[], priceLists: readonly object[]): readonly string[] =>
  directorySchema
    .safeParse({ accounts, priceLists, routes: [], numbers: [] })
    .error?.issues.map(({ path, message }) => `${path.join(".")}: ${message}`) ?? [];

test("a price that begins next week is not asked for today, and asked for from then on", () => {
  const rates = [
    { prefix: "+61", priceMicros: "45000" },
    { prefix: "+61", from: 1_000, priceMicros: "52000" },
    { prefix: "+61", class: "bulk", priceMicros: "30000" },
    { prefix: "+6149", sender: "alphanumeric", priceMicros: "61000" },
  ];
  const list = createPriceList(priceListSchema.parse({ id: "retail", currency: "AUD", rates }));
  const ask = (at: number, over: object = {}) =>
    list.find({ to: "+61491570006" as E164, from: "+61491570007" as Sender, class: "alert", ...over }, at)?.priceMicros;
  expect([ask(999), ask(1_000)] as unknown[]).toEqual(["45000", "52000"]);
  expect([ask(5_000, { class: "bulk" }), ask(5_000, { from: "Shop" })] as unknown[]).toEqual(["30000", "61000"]);
  expect(ask(5_000, { to: "+4917012345" })).toBeUndefined();
});

test("an account's list exists, is there once, and is in the account's currency", () => {
  expect(problems([{ ...account, priceList: "retail" }], [retail])).toEqual([]);
  expect(problems([{ ...account, priceList: "retial" }], [retail])).toEqual([
    "accounts.0.priceList: there is no price list 'retial': make it first, or name one of retail",
  ]);
  expect(problems([{ ...account, currency: "AUD", priceList: "retail" }], [retail])).toEqual([
    "accounts.0.priceList: 'retail' is in EUR and the account in AUD: give it a list in AUD",
  ]);
  expect(problems([], [retail, retail])).toEqual([
    "priceLists.1.id: 'retail' is the id of another price list: give each list its own",
  ]);
});

test("a rate that is there twice, below zero, or for no possible prefix is told by its place", () => {
  const rate = { prefix: "+61", from: 5, priceMicros: "1" };
  expect(problems([], [{ ...retail, rates: [rate, { ...rate, priceMicros: "2" }] }])).toEqual([
    "priceLists.0.rates.1: it says for what rate 0 has said the price already: leave one of them",
  ]);
  expect(problems([], [{ ...retail, rates: [{ ...rate, priceMicros: "-1" }] }])).toEqual([
    "priceLists.0.rates.0.priceMicros: a price is not negative",
  ]);
  expect(problems([], [{ ...retail, rates: [{ ...rate, prefix: "+0" }] }]).join()).toContain(
    "rates.0.prefix: a prefix is +",
  );
});
