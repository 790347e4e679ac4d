/**
 * The keys under which an event batch can be found again: one multikey index serves the status of a message, the
 * matching of receipts and the matching of replies, so the log needs no second, mutable copy of what it already says.
 */
import type { MessageEvent } from "#domain/event.ts";
import type { MessageId, ProviderId } from "#domain/ids.ts";
import { type ConversationKey, conversationKey } from "./store.ts";

export const messageKey = (id: MessageId): string => id;
export const submittedKey = (provider: ProviderId, providerMessageId: string): string =>
  `p:${provider}:${providerMessageId}`;
export const conversationLookupKey = (key: ConversationKey): string => `c:${key}`;

/** Only numbers can be replied to: a batch from "Shop" is not worth an index entry each. */
const REPLIABLE = /^\+?[0-9]+$/;

/** All keys of a batch, each once. */
export function lookupKeys(events: readonly MessageEvent[]): readonly string[] {
  const keys = new Set<string>();
  for (const event of events) {
    keys.add(messageKey(event.message));
    // From a provider that gives no ids there is nothing to look up: "" would match every receipt without one.
    if (event.type === "submitted" && event.providerMessageId !== "")
      keys.add(submittedKey(event.provider, event.providerMessageId));
    if (event.type === "accepted" && REPLIABLE.test(event.from)) {
      keys.add(conversationLookupKey(conversationKey(event.from, event.to)));
    }
  }
  return [...keys];
}
