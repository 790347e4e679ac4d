/**
 * What a segment costs, and why: a list of rates that many accounts may share. Of the rates that fit a message the most
 * special one holds: the longest prefix first, then one of its class, then one of its type of sender, and of those that
 * differ in nothing else the latest that has begun. Pure.
 */
import { z } from "zod";
import { type E164, type Sender, senderTypeOf, senderTypes } from "#domain/e164.ts";
import { refundRules } from "#domain/event.ts";
import { type PriceListId, priceListIdSchema } from "#domain/ids.ts";
import { type MessageClass, messageClassSchema } from "#domain/lane.ts";
import { currencySchema, microsTextSchema, toMicros, toMicrosText } from "#domain/money.ts";
import { prefixSchema } from "./prefix.ts";
import { PAGE_RATES, type RatePage } from "./rate-page.ts";
import { repeated } from "./repeated.ts";

/** Of one list. */
export const RATES_MAX = 200_000;

export const rateSchema = z.strictObject({
  prefix: prefixSchema,
  /** Absent: all classes. */
  class: messageClassSchema.optional(),
  /** What the handset shows as its sender; absent: whatever it is. */
  sender: z.enum(senderTypes).optional(),
  /** It holds from then on, in milliseconds since the epoch; absent: it always has. */
  from: z.int().nonnegative().optional(),
  /**
   * What is given back of it: `refused` of what no provider took, `undelivered` of what did not reach its handset too.
   * Absent: nothing.
   */
  refund: z.enum(refundRules).optional(),
  /** Of one segment. */
  priceMicros: microsTextSchema
    .refine((text) => !text.startsWith("-"), "a price is not negative")
    .transform((text) => toMicrosText(toMicros(text))),
});
export type Rate = z.output<typeof rateSchema>;

/** What a rate says the price of: a list has one of each. */
export function rateKey({ prefix, class: kind, sender, from }: Rate): string {
  return JSON.stringify([prefix, kind, sender, from]);
}

export const priceListSchema = z
  .strictObject({ id: priceListIdSchema, currency: currencySchema, rates: z.array(rateSchema).max(RATES_MAX) })
  .superRefine(({ rates }, context) => {
    for (const { index, earlier } of repeated(rates, rateKey)) {
      const message = `it says for what rate ${earlier} has said the price already: leave one of them`;
      context.addIssue({ code: "custom", message, path: ["rates", index] });
    }
  });
export type PriceListInput = z.input<typeof priceListSchema>;

/** What a message is priced by. */
export interface Priced {
  readonly to: E164;
  readonly from: Sender;
  readonly class: MessageClass;
}

/** The rate that holds, and where it stands. */
export interface Price extends Rate {
  readonly list: PriceListId;
}

export interface PriceList {
  /** Undefined: no rate of the list fits. `at` is in milliseconds since the epoch. */
  find(message: Priced, at: number): Price | undefined;
}

/** Of all pages but the last, each has PAGE_RATES. */
export function createPriceList(id: PriceListId, pages: readonly RatePage[]): PriceList {
  const total = pages.reduce((sum, page) => sum + page.length, 0);
  const keyAt = (index: number): number => pageOf(index)?.key(index % PAGE_RATES) ?? Number.NaN;
  const pageOf = (index: number): RatePage | undefined => pages[Math.floor(index / PAGE_RATES)];
  const digitsMax = total === 0 ? 0 : String(keyAt(total - 1)).length;

  function lowest(key: number): number {
    let [low, high] = [0, total];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (keyAt(middle) < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  return {
    find(message, at) {
      const asked = { class: message.class, sender: senderTypeOf(message.from) };
      const prefixes = prefixNumbers(message.to, digitsMax);
      for (let digits = prefixes.length - 1; digits >= 0; digits--) {
        const key = prefixes[digits] ?? 0;
        for (let index = lowest(key); index < total && keyAt(index) === key; index++) {
          const page = pageOf(index);
          if (page?.fits(index % PAGE_RATES, asked, at)) return { ...page.rate(index % PAGE_RATES), list: id };
        }
      }
      return undefined;
    },
  };
}

const ZERO = 48;

/** What the number begins with: none of its digits, the first, the first two, and so on. */
function prefixNumbers(to: E164, digitsMax: number): readonly number[] {
  const numbers = [0];
  let number = 0;
  for (let i = 1; i <= digitsMax && i < to.length; i++) {
    number = number * 10 + to.charCodeAt(i) - ZERO;
    numbers.push(number);
  }
  return numbers;
}
