/** A message as the API shows it: the fold of its events, and the events themselves in the order of time. Pure. */
import type { EventType, MessageEvent } from "#domain/event.ts";
import { foldEvents, type MessageState, refundedTo, rejectionOf, replyText, statusOf } from "#domain/fold.ts";
import type { AccountId, MessageId } from "#domain/ids.ts";

/** Of whose money one who looks at a message of `owner` may know; undefined: he may not know of the message. */
export type SeenLevels = (owner: AccountId) => ReadonlySet<AccountId> | undefined;

/**
 * The answer, in the API's names. Undefined when no event says that this message was ever accepted, or it is none of
 * the business of who asks.
 */
export function toTimeline(id: MessageId, events: readonly MessageEvent[], seen: SeenLevels): object | undefined {
  const state = foldEvents(events);
  const { accepted } = state;
  const levels = accepted && seen(accepted.account);
  if (accepted === undefined || levels === undefined) return undefined;
  return {
    id,
    account: accepted.account,
    status: statusOf(state),
    to: accepted.to,
    from: accepted.from,
    text: accepted.text,
    class: accepted.class,
    encoding: accepted.encoding,
    accepted_at: toTime(accepted.at),
    expire_at: toTime(accepted.expireAt),
    client_reference: accepted.clientReference,
    metadata: accepted.metadata,
    rejected: toRejection(state),
    segments: Array.from({ length: accepted.segments }, (_, i) => toSegment(state, i)),
    price: toPrice(state),
    replies: toReplies(state),
    events: events.toSorted(byTime).map((event) => toEvent(seenBy(event, levels))),
  };
}

/** Each field is null until it is known, so that every segment has the same shape. */
function toSegment({ segments }: MessageState, index: number) {
  const segment = segments[index] ?? {};
  return {
    index,
    outcome: segment.outcome ?? null,
    outcome_at: toTime(segment.outcomeAt) ?? null,
    provider: segment.provider ?? null,
    provider_message_id: segment.providerMessageId ?? null,
    submitted_at: toTime(segment.submittedAt) ?? null,
    error: segment.error === undefined || segment.error === "" ? null : segment.error,
    /** The provider may have had it more than once. */
    in_doubt: (segment.doubts ?? []).length > 0,
  };
}

function toRejection(state: MessageState) {
  const rejection = rejectionOf(state);
  return rejection && { reason: rejection.reason, detail: rejection.detail };
}

function toPrice({ billed, refunds = {} }: MessageState) {
  if (billed === undefined) return null;
  const { account, currency, segments, priceMicros, totalMicros } = billed;
  const refunded = refundedTo(account, Object.values(refunds));
  const price = { currency, segments, price_micros: priceMicros, total_micros: totalMicros };
  return refunded === 0n ? price : { ...price, refunded_micros: `${refunded}` };
}

/** `text` is null while a part is missing. */
function toReplies({ replies }: MessageState) {
  return Object.entries(replies)
    .map(([id, reply]) => ({
      id,
      at: toTime(reply.at),
      from: reply.from,
      to: reply.to,
      text: replyText(reply) ?? null,
    }))
    .sort((a, b) => (a.at ?? "").localeCompare(b.at ?? "") || a.id.localeCompare(b.id));
}

/** What comes first when two events have the same millisecond. */
const lifeOrder: Readonly<Record<EventType, number>> = {
  accepted: 0,
  rejected: 1,
  requeued: 2,
  discarded: 3,
  routed: 4,
  billed: 5,
  in_doubt: 6,
  submitted: 7,
  refused: 8,
  lapsed: 9,
  unknown: 10,
  expired: 11,
  undelivered: 12,
  delivered: 13,
  refunded: 14,
  replied: 15,
};

function byTime(a: MessageEvent, b: MessageEvent): number {
  return a.at - b.at || lifeOrder[a.type] - lifeOrder[b.type];
}

/** What those above an account pay is theirs (invariant I10). */
function seenBy(event: MessageEvent, seen: ReadonlySet<AccountId>): MessageEvent {
  switch (event.type) {
    case "billed": {
      const { above = [], ...own } = event;
      const levels = above.filter(({ account }) => seen.has(account));
      return levels.length === 0 ? own : { ...own, above: levels };
    }
    case "refunded":
      return { ...event, levels: event.levels.filter(({ account }) => seen.has(account)) };
    default:
      return event;
  }
}

/** Fields in snake_case, times as RFC 3339, and without the id of the message, which is the page's own. */
function toEvent(event: MessageEvent): Readonly<Record<string, unknown>> {
  const { type, at, message: _, ...fields } = event;
  const shown: Record<string, unknown> = { type, at: toTime(at) };
  for (const [name, value] of Object.entries(fields)) {
    const isTime = name === "expireAt" && typeof value === "number";
    shown[name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)] = isTime ? toTime(value) : value;
  }
  return shown;
}

function toTime(ms: number | undefined): string | undefined {
  return ms === undefined ? undefined : new Date(ms).toISOString();
}
