/** Messages of which something may have to be given back go on lane `refunds`, in the step that says why. */
import { mayRefund } from "#core/ledger/refunds.ts";
import type { NewChunk } from "#core/store/store.ts";
import type { MessageEvent } from "#domain/event.ts";
import type { IdMint } from "#domain/ids.ts";
import type { RefundItem } from "#domain/item.ts";
import { lanes } from "#domain/lane.ts";
import { toChunks } from "./chunks.ts";

/** `events` must be of messages of the step's own set. */
export function refundChunks(mint: IdMint, events: readonly MessageEvent[]): readonly NewChunk[] {
  const messages = new Set(events.filter(mayRefund).map(({ message }) => message));
  const items = [...messages].map((message): RefundItem => ({ message }));
  return items.length === 0 ? [] : toChunks(mint, lanes.refunds, items);
}
