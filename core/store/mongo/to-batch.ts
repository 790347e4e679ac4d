/** An event batch as readers know it, of its document. */
import type { WriterId } from "#domain/ids.ts";
import type { LedgerEntry } from "#domain/ledger-entry.ts";
import type { EventBatch } from "../store.ts";
import { type EventBatchDocument, parseBatchId } from "./documents.ts";
import { eventsOf } from "./event-look-ups.ts";

export function toBatch(document: Omit<EventBatchDocument, "keys">): EventBatch {
  const { writer, sequence } = parseBatchId(document._id);
  const { kind, at, entries } = document;
  const batch = { writer: writer as WriterId, sequence, at: at.getTime(), kind, events: eventsOf(document) };
  return entries === undefined ? batch : { ...batch, entries: JSON.parse(entries) as readonly LedgerEntry[] };
}
