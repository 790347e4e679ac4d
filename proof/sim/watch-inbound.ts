/**
 * Who looks, as a provider hears that it was taken, whether a receipt or reply is on a majority of some set (I8): on a
 * lane, or already an event. It never is in between: a step takes it from its lane and says it, or relays it, at once.
 */
import type { MessageEvent } from "#domain/event.ts";
import type { ReceiptRecord, ReplyRecord } from "./history.ts";
import { batchDocuments, chunkDocuments } from "./read-set.ts";
import { isOfReceipt } from "./receipt-events.ts";
import type { SimSet } from "./world.ts";

export function isDurable(sets: readonly SimSet[], record: ReceiptRecord | ReplyRecord): boolean {
  const said = "providerMessageId" in record ? field("providerMessageId", record) : field("text", record);
  return sets.some(
    (set) =>
      chunkDocuments(set).some(({ items }) => items.includes(said)) ||
      batchDocuments(set).some(({ events }) => events.includes(said) && says(events, record)),
  );
}

function field<K extends string>(name: K, record: Readonly<Record<K, unknown>>): string {
  return `${JSON.stringify(name)}:${JSON.stringify(record[name])}`;
}

function says(events: string, record: ReceiptRecord | ReplyRecord): boolean {
  return (JSON.parse(events) as readonly MessageEvent[]).some((event) => {
    if ("providerMessageId" in record) return isOfReceipt(event, record);
    return event.type === "replied" && event.text === record.text && event.from === record.from;
  });
}
