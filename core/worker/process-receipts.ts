/**
 * Stage *receipt*: receipts become events of their messages. One that the connector could match itself needs no
 * look-up; the others are matched with the submits of all sets (`match-receipts.ts`). What matches nothing is parked on
 * the lane and asked for again, ever more slowly, for days (invariant I13): it may have come before its submit was
 * settled.
 */

import { isInUse } from "#core/directory/set-states.ts";
import type { Hold, Step, Store, SubmittedSegment } from "#core/store/store.ts";
import type { MessageEvent } from "#domain/event.ts";
import { type IdMint, setOfMessage } from "#domain/ids.ts";
import { type ReceiptItem, receiptItemSchema } from "#domain/item.ts";
import { lanes } from "#domain/lane.ts";
import { RECEIPT_PARK_HOURS_MAX } from "#domain/limits.ts";
import type { Notice } from "#domain/notice.ts";
import { toChunks } from "./chunks.ts";
import { deadChunks, toDead } from "./dead-item.ts";
import { splitEffects } from "./foreign-effects.ts";
import { type MatchedReceipts, matchReceipts, SETTLE_WAIT_MS } from "./match-receipts.ts";
import { noticeChunks, noticeOf } from "./notices.ts";
import { parseItems } from "./parse-items.ts";
import { refundChunks } from "./refund-chunks.ts";
import { settleStep } from "./settle-step.ts";
import { usedStores, type WorkContext } from "./work-context.ts";

const HOUR_MS = 3_600_000;
const PARK_FIRST_MS = 200;
/** In its first minutes a receipt most likely waits for a set to come back, or for its submit to be settled. */
const EARLY_MS = 600_000;
const PARK_EARLY_MAX_MS = 15_000;
const PARK_MAX_MS = HOUR_MS;
const SETTLE_STEP_MS = 2_000;

export async function processReceipts(context: WorkContext, store: Store, holds: readonly Hold[]): Promise<void> {
  const build = (some: readonly Hold[]): Promise<Step> => buildStep(context, store, some);
  await settleStep(context, { store, stage: "receipt", holds, build });
}

async function buildStep(context: WorkContext, store: Store, holds: readonly Hold[]): Promise<Step> {
  const { clock, mint } = context;
  const now = clock.now();
  const { items, dead } = parseItems(receiptItemSchema, holds, now);
  const [nameless, named] = partition(items, isNameless);
  const { events, notices, unsettled, unmatched, late } = await match(context, store, named);
  const effects = splitEffects(context, store.set, { events, optOuts: [], notices });

  const tooOld = unmatched.filter((item) => now - item.receivedAt > RECEIPT_PARK_HOURS_MAX * HOUR_MS);
  const parked = unmatched.filter((item) => !tooOld.includes(item));
  for (const [provider, receipts] of countByProvider([...unmatched, ...unsettled])) {
    context.log.info("receipt.unmatched", { provider, receipts });
  }
  const bury = (error: string) => (item: ReceiptItem) =>
    toDead({ lane: lanes.receipts, deliveries: 1, enqueuedAt: item.receivedAt }, item, error, now);
  const buried = [
    ...nameless.map(bury("the receipt has no provider id")),
    ...tooOld.map(bury("no submit has this provider id")),
    ...late.map(bury("the set of its message is retired")),
  ];
  return {
    acks: holds.map((hold) => hold.lease),
    events: effects.events,
    chunks: [
      ...effects.relays,
      ...noticeChunks(mint, effects.notices, now),
      ...refundChunks(mint, effects.events),
      ...parkedChunks(mint, parked, (item) => parkDelayMs(now - item.receivedAt)),
      ...parkedChunks(mint, unsettled, (item) => settleDelayMs(now - item.receivedAt)),
      ...deadChunks(mint, [...dead, ...buried]),
    ],
  };
}

/** No provider id and no message of its own: it can never be told which submit it answers. */
function isNameless(item: ReceiptItem): boolean {
  return item.providerMessageId === "" && item.message === undefined;
}

function partition<T>(items: readonly T[], test: (item: T) => boolean): readonly [readonly T[], readonly T[]] {
  return [items.filter(test), items.filter((item) => !test(item))];
}

interface Matches extends Omit<MatchedReceipts, "matched"> {
  readonly events: readonly MessageEvent[];
  readonly notices: readonly Notice[];
  /** The set of their message is retired: no event can be said of it any more. */
  readonly late: readonly ReceiptItem[];
}

async function match(context: WorkContext, own: Store, items: readonly ReceiptItem[]): Promise<Matches> {
  const events: MessageEvent[] = [];
  const notices: Notice[] = [];
  const say = (item: ReceiptItem, submit: Pick<SubmittedSegment, "message" | "segment" | "notify">): void => {
    const event = toEvent(item, submit);
    events.push(event);
    const notice = submit.notify && noticeOf(event, submit.notify);
    if (notice !== undefined) notices.push(notice);
  };
  const isLate = ({ message }: ReceiptItem): boolean =>
    message !== undefined && !isInUse(context.directory.stateOf(setOfMessage(message)));
  const [late, inTime] = partition(items, isLate);
  const open = inTime.filter((item) => {
    const { message, segment, notify } = item;
    if (message === undefined || segment === undefined) return true;
    say(item, { message, segment, ...(notify !== undefined && { notify }) });
    return false;
  });
  const others = usedStores(context).filter((store) => store !== own);
  const { matched, ...left } = await matchReceipts({ own, others, now: context.clock.now() }, open);
  for (const { item, submit } of matched) say(item, submit);
  return { ...left, events, notices, late };
}

function toEvent(item: ReceiptItem, submit: Pick<SubmittedSegment, "message" | "segment">): MessageEvent {
  return {
    type: item.state,
    message: submit.message,
    at: item.receivedAt,
    segment: submit.segment,
    provider: item.provider,
    providerMessageId: item.providerMessageId,
    error: item.error,
  };
}

/**
 * About half the receipt's own age, 15 s at most in its first ten minutes and an hour at most later: some 50 times in
 * the first ten minutes, 70 times more in three days. In powers of two, so that those of one age share a chunk.
 */
function parkDelayMs(ageMs: number): number {
  const half = 2 ** Math.floor(Math.log2(Math.max(1, ageMs / 2)));
  return Math.min(ageMs < EARLY_MS ? PARK_EARLY_MAX_MS : PARK_MAX_MS, Math.max(PARK_FIRST_MS, half));
}

/** To the end of the wait, in steps, so that receipts that came together share a chunk. */
function settleDelayMs(ageMs: number): number {
  const leftMs = Math.min(SETTLE_WAIT_MS, SETTLE_WAIT_MS - ageMs);
  return Math.ceil(leftMs / SETTLE_STEP_MS) * SETTLE_STEP_MS;
}

function parkedChunks(mint: IdMint, items: readonly ReceiptItem[], delayOf: (item: ReceiptItem) => number) {
  const byDelay = Map.groupBy(items, delayOf);
  return [...byDelay].flatMap(([delayMs, some]) => toChunks(mint, lanes.receipts, some, delayMs));
}

function countByProvider(items: readonly ReceiptItem[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const item of items) counts.set(item.provider, (counts.get(item.provider) ?? 0) + 1);
  return counts;
}
