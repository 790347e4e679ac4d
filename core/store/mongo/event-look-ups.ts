/**
 * Finding events again by what is known of them: the message, the provider's id, the two numbers. Each month has an
 * index of its own for that (LOOKUP_INDEX), so what is asked is where to look, and where to stop.
 */
import type { MessageEvent } from "#domain/event.ts";
import { type MessageId, type ProviderId, timeOfMessage } from "#domain/ids.ts";
import { TIMELINE_BATCHES_MAX } from "#domain/limits.ts";
import { submitsById } from "../found-submits.ts";
import { conversationLookupKey, messageKey, submittedKey } from "../lookup-keys.ts";
import { type ConversationKey, type ConversationMessage, conversationKey, type SubmittedSegment } from "../store.ts";
import type { Collections, EventBatchDocument } from "./documents.ts";
import { type Month, monthsSince } from "./months.ts";
import type { SetClock } from "./set-clock.ts";
import type { SetSchema } from "./set-schema.ts";

export const MAJORITY_READ = { readConcern: { level: "majority" } } as const;

export interface LookUpContext {
  readonly collections: Pick<Collections, "eventsOf">;
  readonly schema: Pick<SetSchema, "months">;
  readonly setClock: Pick<SetClock, "now">;
}

/** Receipts are parked for 72 h at most, and providers use their ids again. */
const RECEIPT_MONTHS = 2;
/** A reply to a message of more than a year ago has no message. */
const REPLY_MONTHS = 13;
/** Of a message with more batches than are read: where its `accepted` is, even by clocks that are a little apart. */
const OLDEST_BATCHES = 4;
/** That a message has as a rule: accepted, routed, submitted, told of its end, and as much again. */
const BATCHES_A_MESSAGE = 10;
/** Batches that the set sends at once. */
const FETCHED = 100;

/** The months that may hold what was written since `from`, newest first. */
function months({ schema, setClock }: LookUpContext, from: number): readonly Month[] {
  return monthsSince(schema.months(), from, setClock.now());
}

export async function readMessage(context: LookUpContext, id: MessageId): Promise<readonly MessageEvent[]> {
  const newestFirst = months(context, timeOfMessage(id));
  const newest = await batchesOf(context, id, { months: newestFirst, order: -1, limit: TIMELINE_BATCHES_MAX });
  const hasMore = newest.length === TIMELINE_BATCHES_MAX;
  const oldestFirst = { months: newestFirst.toReversed(), order: 1, limit: OLDEST_BATCHES } as const;
  const oldest = hasMore ? await batchesOf(context, id, oldestFirst) : [];
  const batches = [...new Map([...newest, ...oldest].map((batch) => [batch._id, batch])).values()];
  return batches.flatMap(eventsOf).filter((event) => event.message === id);
}

/** One query a month. Where one of them has more batches than all should have, each is read by itself. */
export async function readMessages(
  context: LookUpContext,
  ids: readonly MessageId[],
): Promise<ReadonlyMap<MessageId, readonly MessageEvent[]>> {
  if (ids.length === 0) return new Map();
  const wanted = new Set(ids);
  const found: MessageEvent[] = [];
  let left = TIMELINE_BATCHES_MAX + BATCHES_A_MESSAGE * wanted.size;
  for (const month of months(context, Math.min(...ids.map(timeOfMessage)))) {
    const options = { ...MAJORITY_READ, projection: { events: 1 }, limit: left, batchSize: FETCHED };
    const keys = [...wanted].map(messageKey);
    await using cursor = context.collections.eventsOf(month).find({ keys: { $in: keys } }, options);
    for await (const batch of cursor) {
      left -= 1;
      found.push(...eventsOf(batch).filter(({ message }) => wanted.has(message)));
    }
    if (left === 0) return readOneByOne(context, wanted);
  }
  return Map.groupBy(found, ({ message }) => message);
}

async function readOneByOne(context: LookUpContext, ids: ReadonlySet<MessageId>) {
  const found = new Map<MessageId, readonly MessageEvent[]>();
  for (const id of ids) {
    const events = await readMessage(context, id);
    if (events.length > 0) found.set(id, events);
  }
  return found;
}

type FoundBatch = Pick<EventBatchDocument, "_id" | "events">;

async function batchesOf(
  { collections }: LookUpContext,
  id: MessageId,
  look: { readonly months: readonly Month[]; readonly order: 1 | -1; readonly limit: number },
): Promise<readonly FoundBatch[]> {
  const found: FoundBatch[] = [];
  for (const month of look.months) {
    const limit = look.limit - found.length;
    if (limit === 0) break;
    const options = { ...MAJORITY_READ, projection: { events: 1 }, sort: { at: look.order }, limit };
    found.push(
      ...(await collections
        .eventsOf(month)
        .find({ keys: messageKey(id) }, options)
        .toArray()),
    );
  }
  return found;
}

export async function findSubmitted(
  context: LookUpContext,
  provider: ProviderId,
  providerMessageIds: readonly string[],
): Promise<ReadonlyMap<string, readonly SubmittedSegment[]>> {
  const found = new Map<string, readonly SubmittedSegment[]>();
  const wanted = new Set(providerMessageIds.filter((id) => id !== ""));
  for (const month of months(context, 0).slice(0, RECEIPT_MONTHS)) {
    // What a later month has is newer than anything here.
    const missing = new Set([...wanted].filter((id) => !found.has(id)));
    if (missing.size === 0) break;
    const keys = [...missing].map((id) => submittedKey(provider, id));
    const batches = await context.collections
      .eventsOf(month)
      .find({ keys: { $in: keys } }, { ...MAJORITY_READ, projection: { events: 1 } })
      .toArray();
    for (const [id, submits] of submitsById(batches.flatMap(eventsOf), provider, missing)) found.set(id, submits);
  }
  return found;
}

export async function findConversations(
  context: LookUpContext,
  keys: readonly ConversationKey[],
): Promise<ReadonlyMap<ConversationKey, ConversationMessage>> {
  const found = new Map<ConversationKey, ConversationMessage>();
  const newestFirst = months(context, 0).slice(0, REPLY_MONTHS);
  for (const key of new Set(keys)) {
    for (const month of newestFirst) {
      const message = await findConversation(context, month, key);
      if (message === undefined) continue;
      found.set(key, message);
      break;
    }
  }
  return found;
}

async function findConversation(
  { collections }: LookUpContext,
  month: Month,
  key: ConversationKey,
): Promise<ConversationMessage | undefined> {
  const [batch] = await collections
    .eventsOf(month)
    .find({ keys: conversationLookupKey(key) }, { ...MAJORITY_READ, projection: { events: 1 } })
    .sort({ at: -1 })
    .limit(1)
    .toArray();
  let found: ConversationMessage | undefined;
  for (const event of batch === undefined ? [] : eventsOf(batch)) {
    if (event.type !== "accepted" || conversationKey(event.from, event.to) !== key) continue;
    if ((found?.at ?? 0) > event.at) continue;
    found = { message: event.message, account: event.account, at: event.at };
  }
  return found;
}

export function eventsOf(document: Pick<EventBatchDocument, "events">): readonly MessageEvent[] {
  return JSON.parse(document.events) as readonly MessageEvent[];
}
