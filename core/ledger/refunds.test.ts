import { expect, test } from "bun:test";
import type { EventOf, LevelBill, MessageEvent } from "#domain/event.ts";
import type { AccountId, ChunkId, MessageId, ProviderId } from "#domain/ids.ts";
import type { MicrosText } from "#domain/money.ts";
import { refundsOf } from "./refunds.ts";

const message = "syd1-01jd0000000000000000000000" as MessageId;
const provider = "sim" as ProviderId;
const AT = 1_000;

function bill(account: string, price: string, refund?: "refused" | "undelivered"): LevelBill {
  const micros = price as MicrosText;
  const rate = { list: account, ...(refund && { refund }) };
  const prices = { priceMicros: micros, totalMicros: `${BigInt(price) * 2n}` as MicrosText };
  return { account: account as AccountId, prefix: "+", rate, ...prices, currency: "EUR", charged: true };
}
const billed = (own: LevelBill, ...above: readonly LevelBill[]): MessageEvent => ({
  ...{ type: "billed", message, at: 1, segments: 2, ...own },
  ...(above.length > 0 && { above: [...above] }),
});
const receipt = (type: "delivered" | "undelivered" | "expired" | "unknown", segment: number): MessageEvent => ({
  ...{ type, message, at: 5, segment, provider, providerMessageId: `p${segment}`, error: "" },
});
const refused: MessageEvent = { type: "refused", message, at: 4, segment: 0, attempt: 1, provider, status: 11 };
const backTo = (events: readonly MessageEvent[]) =>
  refundsOf(events, AT).map(
    ({ segment, levels }) => `${segment}: ${levels.map((one) => `${one.account} ${one.micros}`)}`,
  );

test("each level gets back what its own rule says, of each segment by its own end", () => {
  const paid = billed(bill("shop", "70", "undelivered"), bill("reseller", "50", "refused"), bill("top", "30"));
  expect(backTo([paid, refused, receipt("undelivered", 1)])).toEqual(["0: shop 70,reseller 50", "1: shop 70"]);
  expect(backTo([paid, receipt("expired", 0), receipt("delivered", 1)])).toEqual(["0: shop 70"]);
  expect(backTo([paid, { type: "lapsed", message, at: 4, segments: [1] }])).toEqual(["1: shop 70,reseller 50"]);
});

test("nothing is given back of what was delivered, of what nobody knows, and of what was not billed", () => {
  const paid = billed(bill("shop", "70", "undelivered"));
  expect(backTo([paid, receipt("delivered", 0), receipt("unknown", 1)])).toEqual([]);
  expect(backTo([refused])).toEqual([]);
  expect(backTo([billed(bill("shop", "70")), refused])).toEqual([]);
});

test("a segment is given back once, whatever else is said of it", () => {
  const paid = billed(bill("shop", "70", "undelivered"));
  const events = [paid, receipt("undelivered", 0)];
  const [first] = refundsOf(events, AT);
  if (first === undefined) throw new Error("nothing was given back");
  expect(first).toEqual({
    ...{ type: "refunded", message, at: AT, segment: 0 },
    levels: [{ account: "shop", micros: "70", currency: "EUR", charged: true }],
  } as EventOf<"refunded">);
  expect(backTo([...events, first])).toEqual([]);
  expect(backTo([...events, first, receipt("delivered", 0), receipt("expired", 1)])).toEqual(["1: shop 70"]);
});

test("what an operator threw away was never sent, unless it was put back", () => {
  const burial = "01jd0000000000000000000001" as ChunkId;
  const discarded: MessageEvent = { type: "discarded", message, at: 9, burial };
  const paid = billed(bill("shop", "70", "refused"));
  expect(backTo([paid, discarded])).toEqual(["0: shop 70", "1: shop 70"]);
  expect(backTo([paid, discarded, { type: "requeued", message, at: 9, burial }])).toEqual([]);
});
