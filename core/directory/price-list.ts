/**
 * What a segment costs, and why: a list of rates that many accounts may share. Of the rates that fit a message the most
 * special one holds: the longest prefix first, then one of its class, then one of its type of sender, and of those that
 * differ in nothing else the latest that has begun. Pure.
 */
import { z } from "zod";
import { type E164, type Sender, type SenderType, senderTypeOf, senderTypes } from "#domain/e164.ts";
import { refundRules } from "#domain/event.ts";
import { type PriceListId, priceListIdSchema } from "#domain/ids.ts";
import { type MessageClass, messageClassSchema } from "#domain/lane.ts";
import { currencySchema, microsTextSchema } from "#domain/money.ts";
import { prefixesOf, prefixSchema } from "./prefix.ts";
import { repeated } from "./repeated.ts";

/** Of one list. */
const RATES_MAX = 200_000;

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
  priceMicros: microsTextSchema.refine((text) => !text.startsWith("-"), "a price is not negative"),
});
export type Rate = z.output<typeof rateSchema>;

export const priceListSchema = z
  .strictObject({ id: priceListIdSchema, currency: currencySchema, rates: z.array(rateSchema).max(RATES_MAX) })
  .superRefine(({ rates }, context) => {
    const key = (rate: Rate): string => JSON.stringify([rate.prefix, rate.class, rate.sender, rate.from]);
    for (const { index, earlier } of repeated(rates, key)) {
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

export function createPriceList(id: PriceListId, ratesOf: () => readonly Rate[]): PriceList {
  // Most lists of a large business are not asked for in a process's life: each is sorted when it first is.
  let byPrefix: ReadonlyMap<string, readonly Rate[]> | undefined;
  return {
    find(message, at) {
      byPrefix ??= Map.groupBy(ratesOf().toSorted(bySpeciality), ({ prefix }) => prefix);
      const sender = senderTypeOf(message.from);
      for (const some of prefixesOf(message.to, byPrefix)) {
        const rate = some.find((one) => fits(one, message.class, sender, at));
        if (rate !== undefined) return { ...rate, list: id };
      }
      return undefined;
    },
  };
}

/** Of one prefix the most special first, and of equals the latest first. */
function bySpeciality(a: Rate, b: Rate): number {
  return (
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
