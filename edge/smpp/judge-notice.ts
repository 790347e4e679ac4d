/**
 * Whether a receipt is due now, by the message's events and by the event that made somebody look. Of all the events of
 * a message, the last that becomes visible finds it ended, so one receipt at least goes out; and only an event that
 * stands (no stronger or earlier one of its segment) is answered by one, so a doubled receipt of the provider is none
 * of ours. Pure.
 */
import type { MessageEvent } from "#domain/event.ts";
import { foldEvents, isFinal, type MessageState, type MessageStatus, rejectionOf, statusOf } from "#domain/fold.ts";
import type { Notice } from "#domain/notice.ts";

export type NoticeVerdict =
  /** Its event is not visible yet: the set has it, and shows it in a moment. */
  | { readonly type: "look_again" }
  /** Another event ends the message, or ended it; or nobody asked. */
  | { readonly type: "nothing" }
  | { readonly type: "receipt"; readonly state: MessageState; readonly status: MessageStatus };

export function judgeNotice(notice: Notice, events: readonly MessageEvent[]): NoticeVerdict {
  if (!events.some((event) => isItsEvent(notice, event))) return { type: "look_again" };
  const state = foldEvents(events);
  const { accepted } = state;
  if (accepted === undefined) return { type: "look_again" };
  const status = statusOf(state);
  const isWanted = accepted.account === notice.account && isAskedFor(accepted.receipt, status);
  if (!isFinal(status) || !isWanted || !stands(notice, state)) return { type: "nothing" };
  return { type: "receipt", state, status };
}

function isItsEvent({ event: type, at, segment }: Notice, event: MessageEvent): boolean {
  return (
    event.type === type &&
    event.at === at &&
    (segment === undefined || ("segment" in event && event.segment === segment))
  );
}

function isAskedFor(wish: "final" | "failure" | "success" | undefined, status: MessageStatus): boolean {
  if (wish === undefined) return false;
  return wish === "final" || (wish === "success") === (status === "delivered");
}

function stands({ event, at, segment }: Notice, state: MessageState): boolean {
  if (event === "rejected") return rejectionOf(state)?.at === at;
  const segments = segment === undefined ? Object.values(state.segments) : [state.segments[segment]];
  return segments.some((held) => held?.outcome === event && held.outcomeAt === at);
}
