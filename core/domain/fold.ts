/**
 * A message's state as a fold over its events: the same answer in any order, with any event applied once or twice
 * (invariant I5). Every field is therefore a maximum, a minimum or a union, never "the last one seen". The state is
 * plain JSON, so that the projector can keep it beside the facts.
 */
import { canonicalJson } from "./canonical-json.ts";
import type { EventOf, MessageEvent } from "./event.ts";

/** Where a segment stands, weakest first: a contradiction is decided by this order, never by arrival. */
const segmentRanks = ["submitted", "lapsed", "unknown", "refused", "expired", "undelivered", "delivered"] as const;
export type SegmentOutcome = (typeof segmentRanks)[number];

export interface SegmentState {
  readonly outcome?: SegmentOutcome;
  /** When the outcome was reached: the earliest report of it. */
  readonly outcomeAt?: number;
  /** The provider's error text or command status that came with the outcome. */
  readonly error?: string;
  readonly submittedAt?: number;
  readonly provider?: string;
  readonly providerMessageId?: string;
  /** Answers that never came: the provider may have had the segment more than once. */
  readonly doubts?: readonly string[];
}

export interface ReplyState {
  readonly at: number;
  readonly from: string;
  readonly to: string;
  readonly parts: number;
  /** Part number → text. */
  readonly texts: Readonly<Record<string, string>>;
}

export interface MessageState {
  readonly accepted?: EventOf<"accepted">;
  readonly routed?: EventOf<"routed">;
  readonly billed?: EventOf<"billed">;
  /** By segment: what was given back of its price. */
  readonly refunds?: Readonly<Record<string, EventOf<"refunded">>>;
  /** The earliest refusal that nothing takes back. See `rejectionOf`. */
  readonly rejected?: EventOf<"rejected">;
  /** Refusals of what is on lane `dead`, by the chunk that keeps it: each stands until that chunk is requeued. */
  readonly burials: Readonly<Record<string, EventOf<"rejected">>>;
  /** Chunks of lane `dead` that were requeued, in the order of their ids. */
  readonly requeued: readonly string[];
  readonly segments: Readonly<Record<string, SegmentState>>;
  readonly replies: Readonly<Record<string, ReplyState>>;
}

export const emptyMessageState: MessageState = { burials: {}, requeued: [], segments: {}, replies: {} };

export const messageStatuses = [
  "accepted",
  "queued",
  "submitted",
  "delivered",
  "partially_delivered",
  "undelivered",
  "rejected",
  "cancelled",
  "expired",
  "unknown",
] as const;
/** What customers see. The detail is in the events. */
export type MessageStatus = (typeof messageStatuses)[number];

const finalStatuses: ReadonlySet<MessageStatus> = new Set([
  "delivered",
  "partially_delivered",
  "undelivered",
  "rejected",
  "cancelled",
  "expired",
  "unknown",
]);
export function isFinal(status: MessageStatus): boolean {
  return finalStatuses.has(status);
}

/** The state after one more event of the same message. */
export function applyEvent(state: MessageState, event: MessageEvent): MessageState {
  switch (event.type) {
    case "accepted":
      return { ...state, accepted: earliest(state.accepted, event) };
    case "routed":
      return { ...state, routed: latestAttempt(state.routed, event) };
    case "billed":
      return { ...state, billed: earliest(state.billed, event) };
    case "refunded": {
      const refund = earliest(state.refunds?.[event.segment], event);
      return { ...state, refunds: { ...state.refunds, [event.segment]: refund } };
    }
    case "rejected":
      return withRejection(state, event);
    case "requeued":
      return { ...state, requeued: union(state.requeued, event.burial) };
    case "discarded":
      return state;
    case "submitted":
      return withSegment(state, event.segment, (segment) => withSubmit(segment, event));
    case "refused":
      return withOutcome(state, event.segment, { outcome: "refused", outcomeAt: event.at, error: `${event.status}` });
    case "in_doubt":
      return withSegment(state, event.segment, (segment) => ({
        ...segment,
        doubts: union(segment.doubts ?? [], `${event.attempt}:${event.at}:${event.reason}`),
      }));
    case "delivered":
    case "undelivered":
    case "expired":
    case "unknown":
      return withOutcome(state, event.segment, { outcome: event.type, outcomeAt: event.at, error: event.error });
    case "lapsed":
      return event.segments.reduce(
        (next, index) => withOutcome(next, index, { outcome: "lapsed", outcomeAt: event.at, error: "" }),
        state,
      );
    case "replied":
      return withReply(state, event);
  }
}

export function foldEvents(events: Iterable<MessageEvent>, from: MessageState = emptyMessageState): MessageState {
  let state = from;
  for (const event of events) state = applyEvent(state, event);
  return state;
}

/** What an account was given back, in micros. */
export function refundedTo(account: string, refunds: Iterable<EventOf<"refunded">>): bigint {
  let sum = 0n;
  for (const { levels } of refunds) {
    for (const level of levels) if (level.account === account) sum += BigInt(level.micros);
  }
  return sum;
}

/** The one status of a message. Without its `accepted` event (not read yet) it is as good as accepted. */
export function statusOf(state: MessageState): MessageStatus {
  const rejection = rejectionOf(state);
  if (rejection !== undefined) return rejection.reason === "cancelled" ? "cancelled" : "rejected";
  const total = state.accepted?.segments;
  const outcomes = Object.values(state.segments).flatMap((segment) => segment.outcome ?? []);
  if (total === undefined || outcomes.length < total) return state.routed === undefined ? "accepted" : "queued";
  if (outcomes.includes("submitted")) return "submitted";
  const delivered = outcomes.filter((outcome) => outcome === "delivered").length;
  if (delivered === total) return "delivered";
  if (delivered > 0) return "partially_delivered";
  return statusOfUndelivered(outcomes);
}

/** The earliest refusal that stands: a burial counts no more once it was requeued, in whatever order that is read. */
export function rejectionOf(state: MessageState): EventOf<"rejected"> | undefined {
  let first = state.rejected;
  for (const [burial, event] of Object.entries(state.burials)) {
    if (!state.requeued.includes(burial)) first = earliest(first, event);
  }
  return first;
}

/** Parts of a reply in order, or undefined while one is missing. */
export function replyText(reply: ReplyState): string | undefined {
  const texts = Array.from({ length: reply.parts }, (_, i) => reply.texts[`${i + 1}`]);
  return texts.every((text) => text !== undefined) ? texts.join("") : undefined;
}

function statusOfUndelivered(outcomes: readonly SegmentOutcome[]): MessageStatus {
  if (outcomes.includes("undelivered") || outcomes.includes("refused")) return "undelivered";
  return outcomes.includes("expired") || outcomes.includes("lapsed") ? "expired" : "unknown";
}

function withRejection(state: MessageState, event: EventOf<"rejected">): MessageState {
  const { burial } = event;
  if (burial === undefined) return { ...state, rejected: earliest(state.rejected, event) };
  return { ...state, burials: { ...state.burials, [burial]: earliest(state.burials[burial], event) } };
}

function withSegment(
  state: MessageState,
  index: number,
  change: (segment: SegmentState) => SegmentState,
): MessageState {
  return { ...state, segments: { ...state.segments, [index]: change(state.segments[index] ?? {}) } };
}

type Outcome = Required<Pick<SegmentState, "outcome" | "outcomeAt" | "error">>;

function withOutcome(state: MessageState, index: number, outcome: Outcome): MessageState {
  return withSegment(state, index, (segment) => ({ ...segment, ...strongest(segment, outcome) }));
}

/** The higher rank; of equal ones the earlier; of these the smaller error text: any rule will do that has no order. */
function strongest(held: SegmentState, next: Outcome): Partial<Outcome> {
  if (held.outcome === undefined) return next;
  const byRank = segmentRanks.indexOf(next.outcome) - segmentRanks.indexOf(held.outcome);
  if (byRank !== 0) return byRank > 0 ? next : {};
  const byTime = next.outcomeAt - (held.outcomeAt ?? 0);
  if (byTime !== 0) return byTime < 0 ? next : {};
  return next.error < (held.error ?? "") ? next : {};
}

/** A segment that was sent twice keeps the first submit's id as its own; the other one is in the events. */
function withSubmit(segment: SegmentState, event: EventOf<"submitted">): SegmentState {
  const outcome = strongest(segment, { outcome: "submitted", outcomeAt: event.at, error: "" });
  const heldKey = `${segment.submittedAt ?? Number.POSITIVE_INFINITY}`.padStart(16, "0") + segment.providerMessageId;
  const isFirst =
    segment.submittedAt === undefined || `${event.at}`.padStart(16, "0") + event.providerMessageId < heldKey;
  if (!isFirst) return { ...segment, ...outcome };
  const submit = { submittedAt: event.at, provider: event.provider, providerMessageId: event.providerMessageId };
  return { ...segment, ...outcome, ...submit };
}

function withReply(state: MessageState, event: EventOf<"replied">): MessageState {
  const held = state.replies[event.reply];
  const reply: ReplyState = {
    at: Math.min(held?.at ?? event.at, event.at),
    from: smaller(held?.from, event.from),
    to: smaller(held?.to, event.to),
    parts: Math.max(held?.parts ?? event.parts, event.parts),
    texts: { ...held?.texts, [event.part]: smaller(held?.texts[`${event.part}`], event.text) },
  };
  return { ...state, replies: { ...state.replies, [event.reply]: reply } };
}

/** Two texts for one part: a handset used a reference twice. Any rule will do that has no order. */
function smaller(held: string | undefined, next: string): string {
  return held === undefined || next < held ? next : held;
}

function earliest<E extends MessageEvent>(held: E | undefined, next: E): E {
  if (held === undefined || next.at < held.at) return next;
  if (next.at > held.at) return held;
  return canonicalJson(next) < canonicalJson(held) ? next : held;
}

function latestAttempt(held: EventOf<"routed"> | undefined, next: EventOf<"routed">): EventOf<"routed"> {
  if (held === undefined || next.attempt > held.attempt) return next;
  return next.attempt < held.attempt ? held : earliest(held, next);
}

function union(held: readonly string[], next: string): readonly string[] {
  return held.includes(next) ? held : [...held, next].sort();
}
