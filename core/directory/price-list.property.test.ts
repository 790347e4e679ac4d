// The sorted list against a plain reading of its rule: of all rates that fit, the most special one.
import { expect, test } from "bun:test";
import fc from "fast-check";
import { type E164, type Sender, senderTypeOf, senderTypes } from "#domain/e164.ts";
import { messageClasses } from "#domain/lane.ts";
import { createPriceList, type Priced, priceListSchema, type Rate } from "./price-list.ts";
import { packRates, sortRates } from "./rate-page.ts";

const optional = <T>(values: readonly T[]) => fc.option(fc.constantFrom(...values), { nil: undefined });
/** Few digits, so that prefixes of one another come up. */
const digits = (max: number) => fc.array(fc.constantFrom("1", "2", "0"), { maxLength: max }).map((all) => all.join(""));
const prefixes = fc.option(digits(4), { nil: undefined }).map((rest) => (rest === undefined ? "+" : `+1${rest}`));
const rates = fc
  .uniqueArray(
    fc.record({
      prefix: prefixes,
      class: optional(messageClasses),
      sender: optional(senderTypes),
      from: optional([0, 10, 20]),
    }),
    { selector: (rate) => JSON.stringify(Object.values(rate)), maxLength: 30 },
  )
  .map((all) => all.map((rate, i) => ({ ...withoutUndefined(rate), priceMicros: String(i) })));
const messages = fc.record({
  to: digits(7).map((rest) => `+1${rest.padEnd(7, "2")}` as E164),
  from: fc.constantFrom("Shop", "+491701234567", "12345") as fc.Arbitrary<Sender>,
  class: fc.constantFrom(...messageClasses),
});

test("the rate that holds is the most special of those that fit", () => {
  fc.assert(
    fc.property(rates, messages, fc.constantFrom(0, 9, 10, 25), (some, message, at) => {
      const list = priceListSchema.parse({ id: "retail", currency: "EUR", rates: some });
      const expected = mostSpecial(list.rates, message, at);
      expect(createPriceList(list.id, [packRates(sortRates(list.rates))]).find(message, at)).toEqual(
        expected && { ...expected, list: list.id },
      );
    }),
    { numRuns: 2_000 },
  );
});

/** As the rule is told to people. */
function mostSpecial(list: readonly Rate[], { to, from, class: messageClass }: Priced, at: number): Rate | undefined {
  const fitting = list
    .filter(({ prefix }) => to.startsWith(prefix))
    .filter((rate) => rate.class === undefined || rate.class === messageClass)
    .filter((rate) => rate.sender === undefined || rate.sender === senderTypeOf(from))
    .filter((rate) => rate.from === undefined || rate.from <= at);
  const rank = (rate: Rate): readonly number[] => [
    rate.prefix.length,
    rate.class === undefined ? 0 : 1,
    rate.sender === undefined ? 0 : 1,
    rate.from ?? -1,
  ];
  return fitting.reduce<Rate | undefined>((best, rate) => {
    if (best === undefined) return rate;
    const [a, b] = [rank(rate), rank(best)];
    const place = a.findIndex((value, i) => value !== b[i]);
    return place >= 0 && (a[place] ?? 0) > (b[place] ?? 0) ? rate : best;
  }, undefined);
}

function withoutUndefined<T extends object>(value: T): Partial<T> {
  return Object.fromEntries(Object.entries(value).filter(([, held]) => held !== undefined)) as Partial<T>;
}
