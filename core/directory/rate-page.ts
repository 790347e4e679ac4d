/**
 * A page of a price list, packed: 25 bytes a rate. As objects 200,000 rates took 54 MB of every process, and a search
 * through a map of prefixes 5 µs; packed and in order they take 6 MB, and a search is of numbers. Pure.
 */
import { type SenderType, senderTypes } from "#domain/e164.ts";
import { refundRules } from "#domain/event.ts";
import { type MessageClass, messageClasses } from "#domain/lane.ts";
import { type Micros, toMicros, toMicrosText } from "#domain/money.ts";
import type { Rate } from "./price-list.ts";

/** Of every page but the last of a list. */
export const PAGE_RATES = 200;

export interface RatePage {
  readonly length: number;
  /** The digits of the prefix as a number, 0 where it has none: no two prefixes are the same. */
  key(index: number): number;
  fits(index: number, message: { readonly class: MessageClass; readonly sender: SenderType }, at: number): boolean;
  rate(index: number): Rate;
}

const ALWAYS = -1;
const NOT_SAID = 0;
const SENDER_SHIFT = 2;
const REFUND_SHIFT = 4;
const TWO_BITS = 3;

/** `rates` as `sortRates` gives them. */
export function packRates(rates: readonly Rate[]): RatePage {
  const keys = Float64Array.from(rates, keyOf);
  const prices = BigInt64Array.from(rates, ({ priceMicros }) => toMicros(priceMicros));
  const begins = Float64Array.from(rates, ({ from }) => from ?? ALWAYS);
  const kinds = Uint8Array.from(rates, kindOf);
  const kindAt = (index: number, shift: number): number => ((kinds[index] ?? 0) >> shift) & TWO_BITS;
  return {
    length: rates.length,
    key: (index) => keys[index] ?? Number.NaN,
    fits(index, message, at) {
      const [kind, sender] = [kindAt(index, 0), kindAt(index, SENDER_SHIFT)];
      return (
        (kind === NOT_SAID || messageClasses[kind - 1] === message.class) &&
        (sender === NOT_SAID || senderTypes[sender - 1] === message.sender) &&
        (begins[index] ?? ALWAYS) <= at
      );
    },
    rate(index) {
      const [kind, sender] = [messageClasses[kindAt(index, 0) - 1], senderTypes[kindAt(index, SENDER_SHIFT) - 1]];
      const refund = refundRules[kindAt(index, REFUND_SHIFT) - 1];
      const key = keys[index] ?? 0;
      const from = begins[index] ?? ALWAYS;
      return {
        prefix: key === 0 ? "+" : `+${key}`,
        ...(kind !== undefined && { class: kind }),
        ...(sender !== undefined && { sender }),
        ...(from !== ALWAYS && { from }),
        ...(refund !== undefined && { refund }),
        priceMicros: toMicrosText((prices[index] ?? 0n) as Micros),
      };
    },
  };
}

function keyOf({ prefix }: Pick<Rate, "prefix">): number {
  return Number(prefix.slice(1));
}

function kindOf(rate: Rate): number {
  const said = rate.class === undefined ? NOT_SAID : messageClasses.indexOf(rate.class) + 1;
  const sender = rate.sender === undefined ? NOT_SAID : senderTypes.indexOf(rate.sender) + 1;
  const refund = rate.refund === undefined ? NOT_SAID : refundRules.indexOf(rate.refund) + 1;
  return said | (sender << SENDER_SHIFT) | (refund << REFUND_SHIFT);
}

/** By prefix, and of one prefix the most special first, and of equals the latest first. */
export function sortRates(rates: readonly Rate[]): readonly Rate[] {
  return rates.toSorted(bySpeciality);
}

export function areSorted(rates: readonly Rate[]): boolean {
  return rates.every((rate, i) => {
    const next = rates[i + 1];
    return next === undefined || bySpeciality(rate, next) <= 0;
  });
}

function bySpeciality(a: Rate, b: Rate): number {
  return (
    keyOf(a) - keyOf(b) ||
    Number(b.class !== undefined) - Number(a.class !== undefined) ||
    Number(b.sender !== undefined) - Number(a.sender !== undefined) ||
    (b.from ?? ALWAYS) - (a.from ?? ALWAYS) ||
    kindOf(a) - kindOf(b)
  );
}
