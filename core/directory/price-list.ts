/**
 * What a segment costs, and why: a list of rates that many accounts may share. Of the rates that fit a message the most
 * special one holds: the longest prefix first, then one of its class, then one of its type of sender, and of those that
 * differ in nothing else the latest that has begun. Pure.
 */
import { z } from "zod";
import { type E164, type Sender, type SenderType, senderTypeOf, senderTypes } from "#domain/e164.ts";
import { type PriceListId, priceListIdSchema } from "#domain/ids.ts";
import { type MessageClass, messageClassSchema } from "#domain/lane.ts";
import { currencySchema, microsTextSchema } from "#domain/money.ts";
import { prefixSchema } from "./prefix.ts";

/** Of one list. */
const RATES_MAX = 200_000;

const rateSchema = z.strictObject({
  prefix: prefixSchema,
  /** Absent: all classes. */
  class: messageClassSchema.optional(),
  /** What the handset shows as its sender; absent: whatever it is. */
  sender: z.enum(senderTypes).optional(),
  /** It holds from then on, in milliseconds since the epoch; absent: it always has. */
  from: z.int().nonnegative().optional(),
  /** Of one segment. */
  priceMicros: microsTextSchema.refine((text) => !text.startsWith("-"), "a price is not negative"),
});
export type Rate = z.output<typeof rateSchema>;

export const priceListSchema = z
  .strictObject({ id: priceListIdSchema, currency: currencySchema, rates: z.array(rateSchema).max(RATES_MAX) })
  .superRefine(({ rates }, context) => {
    const seen = new Map<string, number>();
    for (const [index, rate] of rates.entries()) {
      const key = JSON.stringify([rate.prefix, rate.class, rate.sender, rate.from]);
      const earlier = seen.get(key);
      if (earlier === undefined) seen.set(key, index);
      else {
        const message = `it says for what rate ${earlier} has said the price already: leave one of them`;
        context.addIssue({ code: "custom", message, path: ["rates", index] });
      }
    }
  });
type PriceListBody = z.output<typeof priceListSchema>;

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

export function createPriceList({ id, rates }: PriceListBody): PriceList {
  // Most lists of a large business are not asked for in a process's life: each is sorted when it first is.
  let index: RateIndex | undefined;
  return {
    find(message, at) {
      index ??= createRateIndex(rates);
      const rate = index(message, at);
      return rate && { ...rate, list: id };
    },
  };
}

type RateIndex = (message: Priced, at: number) => Rate | undefined;

/**
 * A prefix is kept as the number that its digits are: none but "+" begins with a zero, so no two prefixes are the same
 * number. At most 16 of them fit a number, and only those lengths are looked for that some prefix has.
 */
function createRateIndex(rates: readonly Rate[]): RateIndex {
  const sorted = rates.toSorted(bySpeciality);
  const prefixes = Float64Array.from(new Set(sorted.map(({ prefix }) => Number(prefix.slice(1)))));
  const starts = new Uint32Array(prefixes.length + 1);
  let group = 0;
  for (const [i, { prefix }] of sorted.entries()) {
    if (Number(prefix.slice(1)) !== prefixes[group]) starts[++group] = i;
  }
  starts[prefixes.length] = sorted.length;
  const lengths = [...new Set(sorted.map(({ prefix }) => prefix.length - 1))].sort((a, b) => b - a);

  return ({ to, from, class: messageClass }, at) => {
    const sender = senderTypeOf(from);
    for (const length of lengths) {
      if (length >= to.length) continue;
      const found = indexOf(prefixes, Number(to.slice(1, 1 + length)));
      if (found < 0) continue;
      const rate = firstFit(sorted, { start: starts[found] ?? 0, end: starts[found + 1] ?? 0 }, (one) =>
        fits(one, messageClass, sender, at),
      );
      if (rate !== undefined) return rate;
    }
    return undefined;
  };
}

/** By prefix; of one prefix the most special first, and of equals the latest first. */
function bySpeciality(a: Rate, b: Rate): number {
  return (
    Number(a.prefix.slice(1)) - Number(b.prefix.slice(1)) ||
    Number(b.class !== undefined) - Number(a.class !== undefined) ||
    Number(b.sender !== undefined) - Number(a.sender !== undefined) ||
    (b.from ?? -1) - (a.from ?? -1)
  );
}

function fits(rate: Rate, messageClass: MessageClass, sender: SenderType, at: number): boolean {
  return (
    (rate.class === undefined || rate.class === messageClass) &&
    (rate.sender === undefined || rate.sender === sender) &&
    (rate.from === undefined || rate.from <= at)
  );
}

function firstFit(
  rates: readonly Rate[],
  { start, end }: { readonly start: number; readonly end: number },
  isFit: (rate: Rate) => boolean,
): Rate | undefined {
  for (let i = start; i < end; i++) {
    const rate = rates[i];
    if (rate !== undefined && isFit(rate)) return rate;
  }
  return undefined;
}

/** Negative: it is not among them. */
function indexOf(sorted: Float64Array, wanted: number): number {
  let low = 0;
  let high = sorted.length - 1;
  while (low <= high) {
    const middle = (low + high) >>> 1;
    const value = sorted[middle] ?? Number.NaN;
    if (value === wanted) return middle;
    if (value < wanted) low = middle + 1;
    else high = middle - 1;
  }
  return -1;
}
