/**
 * Takes a submit chunk apart that nobody will work off as it is: one that its act-by time has passed, or that holds
 * items which cannot be read. Whoever does it holds the chunk, and commits the result in one step with its
 * acknowledgement. Every segment is judged as a connector would that took the chunk over: settled ones are left alone;
 * what may have been sent gets its `in_doubt` (invariant I7); what was certainly not sent lapses when its message has
 * expired, and otherwise goes back to the lane. What cannot be read is buried. Total on any items; pure.
 */
import type { Hold, NewChunk } from "#core/store/store.ts";
import type { MessageEvent } from "#domain/event.ts";
import { type IdMint, type MessageId, type ProviderId, type SetId, setOfMessage } from "#domain/ids.ts";
import type { SubmitItem } from "#domain/item.ts";
import { providerOfLane } from "#domain/lane.ts";
import { DOUBTS_MAX } from "#domain/limits.ts";
import { toSubmitChunks } from "./chunks.ts";
import { buryRejected, type DeadItem, deadChunks, toDead } from "./dead-item.ts";
import { type DoubtDecision, type DoubtPolicy, KEPT_ERROR } from "./doubt-policy.ts";
import { noticeChunks, noticesOf, waitingOf } from "./notices.ts";
import { type PlacedItem, placeItems } from "./place-items.ts";
import { refundChunks } from "./refund-chunks.ts";

export interface TakeApartOptions {
  readonly set: SetId;
  readonly mint: IdMint;
  readonly policy: DoubtPolicy;
  readonly now: number;
}

/** For the step, and counts of messages for the log. */
export interface TakenApart {
  readonly events: readonly MessageEvent[];
  readonly chunks: readonly NewChunk[];
  /** Expired before all of them was sent. */
  readonly expired: number;
  /** Back on the lane, in `chunks`. */
  readonly returned: number;
  /** Unreadable. */
  readonly buried: number;
}

const UNREADABLE = "not an item of this lane";
/** For customers, of a segment that was never sent although others of its message were. */
const NOT_SENT_ERROR = "not sent: the platform could not process it";

/** Throws RangeError for a chunk of any other lane than `submit.<provider>.<class>`. */
export function takeApart(hold: Hold, options: TakeApartOptions): TakenApart {
  const provider = providerOfLane(hold.lane);
  if (provider === undefined) {
    throw new RangeError(`Cannot take a chunk apart as its lane must be one of submit: current value is ${hold.lane}`);
  }
  const placed = placeItems(hold);
  const judged = placed.map((one) =>
    one.item === undefined ? buryUnreadable(one, hold, provider, options) : judge(one, one.item, hold, options),
  );
  const back = judged.flatMap((one) => one.back ?? []);
  const refused = judged.flatMap((one) => one.rejected ?? []);
  const rejected = buryRejected(options, refused);
  const kept = judged.flatMap((one) => one.dead ?? []);
  const events = [...judged.flatMap((one) => one.events), ...rejected.events];
  const items = placed.flatMap(({ item }) => item ?? []);
  return {
    events,
    chunks: [
      ...toSubmitChunks(options.mint, hold.lane, back),
      ...rejected.chunks,
      ...deadChunks(options.mint, kept),
      ...noticeChunks(options.mint, noticesOf(events, waitingOf(items)), options.now),
      ...refundChunks(options.mint, events),
    ],
    expired: judged.filter((one) => one.isExpired === true).length,
    returned: back.length,
    buried: refused.length + kept.length,
  };
}

interface Judged {
  readonly events: readonly MessageEvent[];
  readonly back?: SubmitItem;
  /** To be buried, and its message rejected. */
  readonly rejected?: DeadItem;
  /** To be buried; what there is to say of its message is in the events. */
  readonly dead?: DeadItem;
  readonly isExpired?: boolean;
}

function judge(placed: PlacedItem, item: SubmitItem, hold: Hold, { policy, now }: TakeApartOptions): Judged {
  const { settled, doubted, clean } = placed;
  if (doubted.length + clean.length === 0) return { events: [] };
  const isExpired = item.expireAt !== undefined && item.expireAt <= now;
  // As a connector counts them: every claim but the first found it in doubt.
  const doubts = (item.doubts ?? 0) + hold.deliveries - 1;
  const decision = isExpired || doubts > DOUBTS_MAX ? "keep" : policy(item);
  const events = doubtEvents({ ...item, message: item.id, at: now }, doubted, decision);
  if (isExpired) {
    if (clean.length > 0) events.push({ type: "lapsed", message: item.id, at: now, segments: [...clean] });
    return { events, isExpired };
  }
  if (decision === "keep" && clean.length === 0) return { events };
  const doneSegments = decision === "keep" ? [...settled, ...doubted].sort((a, b) => a - b) : [...settled];
  const again = decision === "resend" && doubted.length > 0 ? { doubts } : {};
  return { events, back: { ...item, ...again, ...(doneSegments.length > 0 ? { doneSegments } : {}) } };
}

/**
 * Rejected, if none of it was sent. Otherwise each segment gets an end of its own, as a message that may be on its way
 * is not rejected, and it is buried for the rest. One that nothing can be told of is rejected; a retry will say so.
 */
function buryUnreadable(
  { raw, remains, settled, doubted, clean, isCertain }: PlacedItem,
  hold: Hold,
  provider: ProviderId,
  { set, now }: TakeApartOptions,
): Judged {
  const dead = toDead(hold, raw, UNREADABLE, now);
  const known = settled.length + doubted.length + clean.length;
  if (!isCertain && known === 0) return { events: [], rejected: { ...dead, maybeSent: true } };
  if (settled.length + doubted.length === 0) return { events: [], rejected: dead };
  if (settled.length === known) return { events: [] };
  const left = isCertain ? { ...dead, item: without(raw, [...settled, ...doubted]) } : { ...dead, maybeSent: true };
  const isLeft = clean.length > 0 || !isCertain;
  const { id, attempt } = remains;
  if (id === undefined || setOfMessage(id) !== set) return isLeft ? { events: [], dead: left } : { events: [] };
  const about = { message: id, at: now, attempt, provider };
  const events = doubtEvents(about, doubted, "keep");
  events.push(...clean.map((segment) => unknownEvent(about, segment, NOT_SENT_ERROR)));
  return isLeft ? { events, dead: left } : { events };
}

/** The same item for the rest of its segments, should it be read one day and put back. */
function without(raw: unknown, doneSegments: readonly number[]): unknown {
  if (typeof raw !== "object" || raw === null) return raw;
  return { ...raw, doneSegments: doneSegments.toSorted((a, b) => a - b) };
}

interface About {
  readonly message: MessageId;
  readonly at: number;
  readonly attempt: number;
  readonly provider: ProviderId;
}

/** Which of these segments may have been sent, and how they end where they are not sent again. */
export function doubtEvents(about: About, segments: readonly number[], policy: DoubtDecision): MessageEvent[] {
  const { message, at, attempt, provider } = about;
  return segments.flatMap((segment): MessageEvent[] => {
    const doubt = { type: "in_doubt", message, at, segment, attempt, provider, reason: "takeover", policy } as const;
    return policy === "keep" ? [doubt, unknownEvent(about, segment, KEPT_ERROR)] : [doubt];
  });
}

function unknownEvent({ message, at, provider }: About, segment: number, error: string): MessageEvent {
  return { type: "unknown", message, at, segment, provider, providerMessageId: "", error };
}
