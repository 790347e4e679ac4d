import { expect, test } from "bun:test";
import { createDirectory } from "#core/directory/write-directory.ts";
import type { E164, Sender } from "#domain/e164.ts";
import type { AccountId } from "#domain/ids.ts";
import { type Asked, quote, toLines } from "./quote-message.ts";

const NOW = Date.UTC(2030, 0, 1);
const account = { name: "A", currency: "EUR", inDoubt: "keep" as const, keys: [], credit: "limited" as const };
const directory = createDirectory({
  accounts: [
    { ...account, id: "reseller", priceList: "wholesale" },
    { ...account, id: "shop", parent: "reseller", priceList: "retail" },
  ],
  priceLists: [
    {
      id: "retail",
      currency: "EUR",
      rates: [{ prefix: "+61", class: "alert", priceMicros: "70000", refund: "undelivered" }],
    },
    { id: "wholesale", currency: "EUR", rates: [{ prefix: "+", priceMicros: "5500" }] },
  ],
  routes: [
    { prefix: "+", provider: "world" },
    { prefix: "+61", provider: "telstra" },
  ],
  numbers: [],
});
const asked: Asked = {
  ...{ account: "shop" as AccountId, to: "+61491570156" as E164, from: "Shop" as Sender },
  ...{ class: "alert", text: "x".repeat(200) },
};
const linesOf = (over: Partial<Asked> = {}) => toLines(asked, quote(directory, { ...asked, ...over }, NOW));

test("a quote says where a message goes, and what each level pays by which rate", () => {
  expect(linesOf()).toEqual([
    "+61491570156 goes to telstra, by the route of +61; it is preferred to + world.",
    "shop pays 2 × 0.07 = 0.14 EUR, by rate +61 of list retail, alert; given back where undelivered.",
    "reseller pays 2 × 0.0055 = 0.011 EUR, by rate + of list wholesale.",
  ]);
});

test("what has no price is said, and by whose list, as a worker would", () => {
  const [route, refusal] = linesOf({ class: "bulk" });
  expect(route).toContain("goes to telstra");
  expect(refusal).toBe("It would be rejected as no_price: the account's price list has no rate for this number.");
});
