/**
 * What each level pays per segment, from the message's account up to the top, each by its own price list; the event
 * says which rates held and why.
 */
import type { Account } from "#core/directory/account.ts";
import type { Directory } from "#core/directory/directory.ts";
import type { LevelBill } from "#domain/event.ts";
import type { InboxItem } from "#domain/item.ts";
import { multiplyMicros, toMicros, toMicrosText } from "#domain/money.ts";
import { defineHandler } from "./handler.ts";
import { refuseByDirectory } from "./refuse-by-directory.ts";

export const priceMessage = defineHandler("price-message", (work, { directory, now }) => {
  const { id, account } = work.item;
  const bills: LevelBill[] = [];
  for (const payer of directory.chain(account)) {
    const bill = billOf(directory, payer, work.item, now);
    if (bill === undefined) return refuse(id, now, payer.id === account);
    bills.push(bill);
  }
  if (bills.length === 0) return refuse(id, now, true);
  return { type: "continue", work: { ...work, bills }, events: [] };
});

function refuse(id: InboxItem["id"], now: number, isOwn: boolean) {
  // Whom an account is a customer of is not told what that one has agreed on with others.
  const whose = isOwn ? "the account's price list has" : "the price lists of the accounts above this one have";
  return refuseByDirectory(id, now, { reason: "no_price", detail: `${whose} no rate for this number` });
}

function billOf(directory: Directory, payer: Account, item: InboxItem, now: number): LevelBill | undefined {
  const price = directory.price(payer.id, item, now);
  if (price === undefined) return undefined;
  const { prefix, priceMicros, ...rate } = price;
  const totalMicros = toMicrosText(multiplyMicros(toMicros(priceMicros), item.segments));
  return { account: payer.id, prefix, rate, priceMicros, totalMicros, currency: payer.currency };
}
