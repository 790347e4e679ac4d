/**
 * Planted: a worker says a reply of the message before; or says it twice. STOP is left alone, as that would be another
 * account's, and so are replies that are relayed.
 */
import type { MessageEvent } from "#domain/event.ts";
import type { MessageId } from "#domain/ids.ts";
import type { Plant, PlantedAt } from "../plant.ts";
import { overlayStore } from "./overlay-store.ts";

type Replied = Extract<MessageEvent, { readonly type: "replied" }>;

const changeReplies = (name: string, create: () => (event: Replied, at: PlantedAt) => readonly Replied[]): Plant => ({
  name,
  wrapStore(store, at) {
    if (!at.role.startsWith("worker")) return store;
    const change = create();
    const changed = (event: MessageEvent): readonly MessageEvent[] =>
      event.type === "replied" && event.keyword === undefined ? change(event, at) : [event];
    return overlayStore(store, {
      commit: (step) => store.commit({ ...step, events: (step.events ?? []).flatMap(changed) }),
    });
  },
});

export const misplaceReplies = changeReplies("misplace-replies", () => {
  let last: MessageId | undefined;
  return (event) => {
    const message = last ?? event.message;
    last = event.message;
    return [{ ...event, message }];
  };
});

export const doubleReplies = changeReplies("double-replies", () => (event) => [
  event,
  { ...event, reply: `${event.reply} again` },
]);
