import { expect, test } from "bun:test";
import fc from "fast-check";
import { senderTypes } from "#domain/e164.ts";
import { refundRules } from "#domain/event.ts";
import { messageClasses } from "#domain/lane.ts";
import { priceListSchema } from "./price-list.ts";
import { sortRates } from "./rate-page.ts";
import { compareRates, formatRates, parseRates } from "./rates-csv.ts";

const COLUMNS = "prefix,price,class,sender,from,refund";
const RULE = `the first line has the names of the columns, some of ${COLUMNS}`;
const problemsOf = (csv: string): readonly string[] => {
  const parsed = parseRates(csv);
  return parsed.type === "parsed" ? [] : parsed.problems.map(({ line, message }) => `${line}: ${message}`);
};
const ratesOf = (csv: string) => {
  const parsed = parseRates(csv);
  if (parsed.type === "malformed") throw new Error(JSON.stringify(parsed.problems));
  return parsed.rates;
};

test("columns come in any order, some may be left out, and cells may be empty or quoted", () => {
  expect(ratesOf('price,prefix\n0.045,+61\n"12",+\n') as readonly unknown[]).toEqual([
    { prefix: "+", priceMicros: "12000000" },
    { prefix: "+61", priceMicros: "45000" },
  ]);
  const names = "\ufeffPrefix, price, class, sender, from, refund";
  const all = `${names}\r\n+49, 0.07, alert, , 2026-12-01T00:00:00+01:00, refused\r\n\r\n`;
  expect(ratesOf(all) as readonly unknown[]).toEqual([
    { prefix: "+49", class: "alert", from: Date.UTC(2026, 10, 30, 23), refund: "refused", priceMicros: "70000" },
  ]);
});

test("every line that is wrong is told, with its number, and nothing is taken", () => {
  const csv = "prefix,price,class,from\n+61,cheap,,\n61,0.04,,\n+1,0.01,urgent,tomorrow\n+44,-1,,\n+64,0.05,,\n";
  expect(problemsOf(csv)).toEqual([
    "2: price 'cheap' is no amount such as 0.045",
    "3: prefix '61': a prefix is + and the leading digits, the first of which is not 0; + alone matches all",
    "4: from 'tomorrow' is no time such as 2026-12-01T00:00:00Z",
    "4: class 'urgent' is none of alert, transactional, bulk",
    "5: price '-1' is no amount such as 0.045",
  ]);
  expect(problemsOf("prefix,price\n+61,1\n\n+1,2\n+61,3\n")).toEqual([
    "5: line 2 has said the price of the same already: leave one of them",
  ]);
  expect(problemsOf("prefix,cost\n+61,1\n")).toEqual([`1: there is no column 'cost': ${RULE}`]);
  expect(problemsOf("prefix\n+61\n")[0]).toContain("1: there is no column 'price'");
  expect(problemsOf("prefix,price,price\n+61,1,1\n")[0]).toContain("1: a column is there twice");
  expect(problemsOf("prefix,price\n+61,1,2\n")[0]).toStartWith("2: ");
  expect(problemsOf('prefix,price\n+61,"1\n')[0]).toMatch(/^\d: .*[Qq]uot/);
  expect(problemsOf("x".repeat(20_000_000))[0]).toContain("more than");
});

const optional = <T>(values: readonly T[]) => fc.option(fc.constantFrom(...values), { nil: undefined });
const rates = fc
  .uniqueArray(
    fc.record({
      prefix: fc.integer({ min: 1, max: 999 }).map((digits) => `+${digits}`),
      class: optional(messageClasses),
      sender: optional(senderTypes),
      from: optional([0, Date.UTC(2026, 1, 3, 4, 5, 6)]),
      refund: optional(refundRules),
      priceMicros: fc.bigInt({ min: 0n, max: 999_999_999_999n }).map(String),
    }),
    { selector: ({ priceMicros: _, refund: __, ...key }) => JSON.stringify(key), maxLength: 40 },
  )
  .map((all) => {
    const said = JSON.parse(JSON.stringify(all)) as typeof all;
    return sortRates(priceListSchema.parse({ id: "retail", currency: "EUR", rates: said }).rates);
  });

test("what is written is read again as it was, and what two lists differ in makes one of the other", () => {
  fc.assert(
    fc.property(rates, rates, (one, other) => {
      expect(ratesOf(formatRates(one))).toEqual(one);
      const { added, removed, changed, kept } = compareRates(one, other);
      const gone = new Set([...removed, ...changed.map(({ before }) => before)]);
      const made = [...one.filter((rate) => !gone.has(rate)), ...added, ...changed.map(({ after }) => after)];
      expect(sortRates(made)).toEqual(other);
      expect(kept + added.length + changed.length).toBe(other.length);
    }),
    { numRuns: 300 },
  );
});
