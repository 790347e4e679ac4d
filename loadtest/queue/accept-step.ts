/** The step of an edge that has accepted some messages: their events, their chunk, and the keys of the keyed half. */
import type { Step } from "#core/store/store.ts";
import { systemClock } from "#domain/clock.ts";
import type { EventOf } from "#domain/event.ts";
import type { InboxItem } from "#domain/item.ts";
import { lanes } from "#domain/lane.ts";
import { keyOf } from "./messages.ts";
import { mint } from "./rig.ts";

/** `items`: one to a chunk's worth, of one class. */
export function acceptStep(items: readonly InboxItem[]): Step {
  const at = systemClock.now();
  const messageClass = items[0]?.class ?? "bulk";
  return {
    events: items.map((item) => toAccepted(item, at)),
    chunks: [{ id: mint.chunkId(), lane: lanes.inbox(messageClass), items }],
    sendKeys: items.flatMap((item) => keyOf(item) ?? []),
    urgent: messageClass === "alert",
  };
}

function toAccepted({ id, ...rest }: InboxItem, at: number): EventOf<"accepted"> {
  return { type: "accepted", message: id, at, ...rest };
}
