/** Events of any number of messages of one set, in reads of a bounded size. */
import type { MessageEvent } from "#domain/event.ts";
import type { MessageId } from "#domain/ids.ts";
import { MESSAGES_READ_MAX } from "#domain/limits.ts";
import type { Store } from "./store.ts";

/** By message; one that has none is not in it. Throws StoreError. */
export async function readMessages(
  store: Store,
  ids: readonly MessageId[],
): Promise<ReadonlyMap<MessageId, readonly MessageEvent[]>> {
  const known = new Map<MessageId, readonly MessageEvent[]>();
  for (let from = 0; from < ids.length; from += MESSAGES_READ_MAX) {
    const page = await store.events.ofMessages(ids.slice(from, from + MESSAGES_READ_MAX));
    for (const [id, events] of page) known.set(id, events);
  }
  return known;
}
