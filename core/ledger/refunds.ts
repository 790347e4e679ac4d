/**
 * What is to be given back of a message's price, segment by segment: by its outcome, and by the rule of the rate that
 * each level paid. What was given back stays so, even where a later receipt says that it was delivered. Pure.
 */
import type { EventOf, LevelBill, MessageEvent } from "#domain/event.ts";
import { foldEvents, type MessageState, type SegmentOutcome } from "#domain/fold.ts";

/** By the outcome of a segment, the rules that give its price back. */
const RULES: Readonly<Record<SegmentOutcome, readonly string[]>> = {
  submitted: [],
  unknown: [],
  delivered: [],
  lapsed: ["refused", "undelivered"],
  refused: ["refused", "undelivered"],
  expired: ["undelivered"],
  undelivered: ["undelivered"],
};
const NEVER_SENT: readonly string[] = RULES.refused;

/** Events after which something may have to be given back. */
const CAUSES: ReadonlySet<MessageEvent["type"]> = new Set(["lapsed", "refused", "expired", "undelivered", "discarded"]);
export function mayRefund({ type }: MessageEvent): boolean {
  return CAUSES.has(type);
}

/** Of all events of one message: what is still to be said. Empty where nothing was billed, or no rule gives it back. */
export function refundsOf(events: readonly MessageEvent[], at: number): readonly EventOf<"refunded">[] {
  const state = foldEvents(events);
  const { billed, refunds = {} } = state;
  if (billed === undefined) return [];
  const isDiscarded = events.some((event) => event.type === "discarded" && !state.requeued.includes(event.burial));
  const bills: readonly LevelBill[] = [billed, ...(billed.above ?? [])];
  return Array.from({ length: billed.segments }, (_, segment) => segment).flatMap((segment) => {
    if (`${segment}` in refunds) return [];
    const rules = rulesOf(state, segment, isDiscarded);
    const levels = bills.flatMap(({ account, rate, priceMicros, currency, charged }) => {
      if (rate?.refund === undefined || !rules.includes(rate.refund)) return [];
      return [{ account, micros: priceMicros, currency, ...(charged && { charged }) }];
    });
    const refunded = { type: "refunded", message: billed.message, at, segment, levels } as const;
    return levels.length === 0 ? [] : [refunded];
  });
}

function rulesOf(state: MessageState, segment: number, isDiscarded: boolean): readonly string[] {
  const outcome = state.segments[`${segment}`]?.outcome;
  if (outcome !== undefined) return RULES[outcome];
  return isDiscarded ? NEVER_SENT : [];
}
