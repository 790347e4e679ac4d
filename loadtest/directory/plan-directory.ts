/** The business of the directory bench: a large wholesaler's, always the same. Pure. */

import type { Priced } from "#core/directory/price-list.ts";
import type { DirectoryInput } from "#core/directory/records.ts";
import type { E164, Sender } from "#domain/e164.ts";
import type { AccountId } from "#domain/ids.ts";
import { messageClasses } from "#domain/lane.ts";

export const ACCOUNTS = 100_000;
export const RATES = 200_000;
const WHOLESALERS = 20;
const RESELLERS = 1_000;
const LISTS = 400;
const RATES_OF_LIST = RATES / LISTS;
/** Country codes of two digits, and what is told apart below each. */
const COUNTRIES = 60;
const FIRST_COUNTRY = 30;
const CURRENCY = "EUR";

function accountOf(index: number): AccountId {
  return `customer_${index.toString().padStart(6, "0")}` as AccountId;
}

export function planDirectory(): DirectoryInput {
  return {
    accounts: Array.from({ length: ACCOUNTS }, (_, i) => planAccount(i)),
    priceLists: Array.from({ length: LISTS }, (_, list) => ({
      id: `list_${list}`,
      currency: CURRENCY,
      rates: Array.from({ length: RATES_OF_LIST }, (_, i) => ({
        prefix: prefixOf(i),
        priceMicros: `${10_000 + ((i * 37 + list * 101) % 90_000)}`,
        // One in ten is dearer for alerts, and one in four gives back what was not delivered.
        ...(i % 10 === 9 && { class: "alert" as const }),
        ...(i % 4 === 3 && { refund: "undelivered" as const }),
      })),
    })),
    routes: [{ prefix: "+", provider: "sim" }],
    numbers: [],
  };
}

/** Wholesalers on top, resellers below them, customers below these. */
function planAccount(index: number): DirectoryInput["accounts"][number] {
  const parent = index < WHOLESALERS ? undefined : index < RESELLERS ? index % WHOLESALERS : index % RESELLERS;
  return {
    id: accountOf(index),
    name: `Customer number ${index} Ltd`,
    currency: CURRENCY,
    inDoubt: index % 2 === 0 ? "resend" : "keep",
    credit: "limited",
    keys: [{ id: `k${index.toString(36).padStart(7, "0")}`, secretSha256: index.toString(16).padStart(64, "a") }],
    priceList: `list_${index % LISTS}`,
    ...(parent !== undefined && { parent: accountOf(parent) }),
  };
}

/** A country alone, or up to four digits more: of every list the same. */
function prefixOf(index: number): string {
  const country = FIRST_COUNTRY + (index % COUNTRIES);
  const nth = Math.floor(index / COUNTRIES);
  return nth === 0 ? `+${country}` : `+${country}${(nth * 7) % 10}${nth}`;
}

/** Of any account to any number, by random draws below 1. */
export function planLookup(random: () => number): { readonly account: AccountId; readonly message: Priced } {
  const digits = Math.floor(random() * 1e9)
    .toString()
    .padStart(9, "0");
  const to = `${prefixOf(Math.floor(random() * RATES_OF_LIST))}${digits}`.slice(0, 13) as E164;
  const kind = messageClasses[Math.floor(random() * messageClasses.length)] ?? "bulk";
  const account = accountOf(Math.floor(random() * ACCOUNTS));
  return { account, message: { to, from: "Godwit" as Sender, class: kind } };
}
