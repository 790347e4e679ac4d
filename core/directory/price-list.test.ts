import { expect, test } from "bun:test";
import type { E164, Sender } from "#domain/e164.ts";
import { createPriceList, priceListSchema } from "./price-list.ts";
import { packRates, sortRates } from "./rate-page.ts";
import type { DirectoryInput } from "./records.ts";
import { createDirectory, DirectoryRefusedError } from "./write-directory.ts";

const account = { id: "acme", name: "Acme", currency: "EUR", inDoubt: "keep" as const, keys: [] };
const retail = { id: "retail", currency: "EUR", rates: [{ prefix: "+", priceMicros: "90000" }] };
function problems(
  accounts: DirectoryInput["accounts"],
  priceLists: NonNullable<DirectoryInput["priceLists"]>,
): readonly string[] {
  try {
    createDirectory({ accounts, priceLists, routes: [], numbers: [] });
    return [];
  } catch (error) {
    return error instanceof DirectoryRefusedError ? error.message.split("\n") : [String(error)];
  }
}

test("a price that begins next week is not asked for today, and asked for from then on", () => {
  const rates = [
    { prefix: "+61", priceMicros: "45000" },
    { prefix: "+61", from: 1_000, priceMicros: "52000" },
    { prefix: "+61", class: "bulk", priceMicros: "30000" },
    { prefix: "+6149", sender: "alphanumeric", priceMicros: "61000" },
  ];
  const { id, rates: parsed } = priceListSchema.parse({ id: "retail", currency: "AUD", rates });
  const list = createPriceList(id, [packRates(sortRates(parsed))]);
  const ask = (at: number, over: object = {}) =>
    list.find({ to: "+61491570006" as E164, from: "+61491570007" as Sender, class: "alert", ...over }, at)?.priceMicros;
  expect([ask(999), ask(1_000)] as unknown[]).toEqual(["45000", "52000"]);
  expect([ask(5_000, { class: "bulk" }), ask(5_000, { from: "Shop" })] as unknown[]).toEqual(["30000", "61000"]);
  expect(ask(5_000, { to: "+4917012345" })).toBeUndefined();
});

test("an account's list exists, is there once, and is in the account's currency", () => {
  expect(problems([{ ...account, priceList: "retail" }], [retail])).toEqual([]);
  expect(problems([{ ...account, priceList: "retial" }], [retail])).toEqual([
    "account/acme priceList: there is no price list 'retial': make it first, or name one of retail",
  ]);
  expect(problems([{ ...account, currency: "AUD", priceList: "retail" }], [retail])).toEqual([
    "account/acme priceList: 'retail' is in EUR and the account in AUD: give it a list in AUD",
  ]);
  expect(problems([], [retail, retail])).toEqual([
    "rates/retail/1/0: it is there twice: leave one of them",
    "list/retail: it is there twice: leave one of them",
  ]);
});

test("a rate that is there twice, below zero, or for no possible prefix is told by its place", () => {
  const rate = { prefix: "+61", from: 5, priceMicros: "1" };
  expect(problems([], [{ ...retail, rates: [rate, { ...rate, priceMicros: "2" }] }])).toEqual([
    "list/retail rates.1: it says for what rate 0 has said the price already: leave one of them",
  ]);
  expect(problems([], [{ ...retail, rates: [{ ...rate, priceMicros: "-1" }] }])).toEqual([
    "list/retail rates.0.priceMicros: a price is not negative",
  ]);
  expect(problems([], [{ ...retail, rates: [{ ...rate, prefix: "+0" }] }]).join()).toContain(
    "rates.0.prefix: a prefix is +",
  );
});
