/** Price per segment by the account's price list; the event says which rate held and why. */
import { multiplyMicros, toMicros, toMicrosText } from "#domain/money.ts";
import { defineHandler } from "./handler.ts";
import { refuseByDirectory } from "./refuse-by-directory.ts";

export const priceMessage = defineHandler("price-message", (work, { directory, now }) => {
  const { id, account, segments } = work.item;
  const price = directory.price(account, work.item, now);
  const currency = directory.account(account)?.currency;
  if (price === undefined || currency === undefined) {
    const detail = "the account's price list has no rate for this number";
    return refuseByDirectory(id, now, { reason: "no_price", detail });
  }
  const { prefix, priceMicros, ...rate } = price;
  const totalMicros = toMicrosText(multiplyMicros(toMicros(priceMicros), segments));
  const billed = { type: "billed", message: id, at: now, account, prefix, rate } as const;
  return { type: "continue", work, events: [{ ...billed, segments, priceMicros, totalMicros, currency }] };
});
