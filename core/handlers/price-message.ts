/** Price per segment by longest prefix of the account's price list. */
import { multiplyMicros, toMicros, toMicrosText } from "#domain/money.ts";
import { defineHandler } from "./handler.ts";
import { refuseByDirectory } from "./refuse-by-directory.ts";

export const priceMessage = defineHandler("price-message", (work, { directory, now }) => {
  const { id, account, to, segments } = work.item;
  const price = directory.price(account, to);
  const currency = directory.account(account)?.currency;
  if (price === undefined || currency === undefined) {
    const detail = "the account's price list has no prefix of this number";
    return refuseByDirectory(id, now, { reason: "no_price", detail });
  }
  const { prefix, priceMicros } = price;
  const totalMicros = toMicrosText(multiplyMicros(toMicros(priceMicros), segments));
  return {
    type: "continue",
    work,
    events: [{ type: "billed", message: id, at: now, account, prefix, segments, priceMicros, totalMicros, currency }],
  };
});
