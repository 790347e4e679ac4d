/** I8: a receipt or reply is on a majority when it is acknowledged, and stays: in the log, on its lane or on `dead`. */
import type { History } from "../history.ts";
import { isOfReceipt, isReceiptEvent } from "../receipt-events.ts";

export function checkInboundDurable({ sets, receipts, replies, observations }: History): readonly string[] {
  const events = sets.flatMap(({ batches }) => batches.flatMap((batch) => batch.events));
  const waiting = sets.flatMap(({ chunks }) => chunks.map(({ items }) => JSON.stringify(items)));
  const outcomes = Map.groupBy(events.filter(isReceiptEvent), ({ providerMessageId }) => providerMessageId);
  const texts = new Set(events.flatMap((event) => (event.type === "replied" ? [`${event.from} ${event.text}`] : [])));
  const isWaiting = (what: string): boolean => waiting.some((items) => items.includes(what));
  const lost = receipts.flatMap((receipt) => {
    const { acknowledgedAt, providerMessageId: id } = receipt;
    const isSaid = outcomes.get(id)?.some((event) => isOfReceipt(event, receipt)) ?? false;
    if (acknowledgedAt === undefined || isSaid || isWaiting(`"providerMessageId":"${id}"`)) return [];
    return [`the receipt of ${id} was acknowledged and is lost`];
  });
  const gone = replies.flatMap(({ acknowledgedAt, from, text }) => {
    if (acknowledgedAt === undefined || texts.has(`${from} ${text}`) || isWaiting(JSON.stringify(text))) return [];
    return [`the reply '${text}' of ${from} was acknowledged and is lost`];
  });
  const early = observations.flatMap(({ check, at, what }) =>
    check === "inbound-durable" ? [`at ${at.toFixed(0)}: ${what}`] : [],
  );
  return [...early, ...lost, ...gone];
}
