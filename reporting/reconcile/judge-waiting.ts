/**
 * What still waits on a restored set although the log, made whole again, says that it has gone on: it must not be
 * sent a second time in silence. And what the log says was on its way and waits nowhere. Pure.
 */
import type { EventOf, MessageEvent } from "#domain/event.ts";
import { isFinal, type MessageState, rejectionOf, statusOf } from "#domain/fold.ts";
import type { MessageId } from "#domain/ids.ts";
import type { InboxItem, SubmitItem } from "#domain/item.ts";

/** False: it has been routed or ended since, and is taken off the inbox. */
export function waitsForRoute(state: MessageState): boolean {
  const isFresh = state.routed === undefined && rejectionOf(state) === undefined;
  return isFresh && Object.keys(state.segments).length === 0;
}

/** For the segments that nothing is known of; undefined when there are none, or it has gone on by another route. */
export function judgeSubmit(item: SubmitItem, state: MessageState): SubmitItem | undefined {
  if (rejectionOf(state) !== undefined || (state.routed?.attempt ?? 0) > item.attempt) return undefined;
  const known = Object.keys(state.segments).map(Number);
  const doneSegments = [...new Set([...(item.doneSegments ?? []), ...known])].sort((a, b) => a - b);
  if (doneSegments.length >= item.segments) return undefined;
  return doneSegments.length === 0 ? item : { ...item, doneSegments };
}

/** An item of this attempt that cannot be read has gone on, and so is neither rejected nor buried. */
export function hasGoneOn(attempt: number, state: MessageState): boolean {
  if (rejectionOf(state) !== undefined || (state.routed?.attempt ?? 0) > attempt) return true;
  return Object.keys(state.segments).length > 0;
}

export type Fate =
  /** It is where it should be, or has ended. */
  | { readonly type: "settled" }
  /** Its place on the inbox is lost, and no route of it is known: it goes there again. */
  | { readonly type: "accepted_again"; readonly item: InboxItem }
  /** It may have been sent: these events say so, and end it. */
  | { readonly type: "in_doubt"; readonly events: readonly MessageEvent[] };

/** Of a message with lost events that waits nowhere on the set. */
export function judgeAbsent(id: MessageId, state: MessageState, now: number): Fate {
  const { accepted, routed } = state;
  if (accepted === undefined || isFinal(statusOf(state))) return { type: "settled" };
  if (routed === undefined) return { type: "accepted_again", item: toInboxItem(id, accepted) };
  const open = Array.from({ length: accepted.segments }, (_, i) => i).filter(
    (segment) => state.segments[segment]?.outcome === undefined,
  );
  if (open.length === 0) return { type: "settled" };
  const { provider, attempt } = routed;
  const about = { message: id, at: now, provider };
  const events = open.flatMap((segment): MessageEvent[] => [
    { ...about, type: "in_doubt", segment, attempt, reason: "restored", policy: "keep" },
    { ...about, type: "unknown", segment, providerMessageId: "", error: "its set was restored from a backup" },
  ]);
  return { type: "in_doubt", events };
}

function toInboxItem(id: MessageId, accepted: EventOf<"accepted">): InboxItem {
  const { account, to, from, text, class: messageClass, encoding, segments } = accepted;
  const { expireAt, notBefore, receipt, concat } = accepted;
  return {
    ...{ id, account, to, from, text, class: messageClass, encoding, segments },
    ...(expireAt !== undefined && { expireAt }),
    ...(notBefore !== undefined && { notBefore }),
    ...(receipt !== undefined && { notify: true }),
    ...(concat !== undefined && { concat }),
  };
}
