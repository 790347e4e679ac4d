/** Reading the log of a set. Every read is at majority: what a reader has seen can never be rolled back. */
import type { Clock } from "#domain/clock.ts";
import type { MessageEvent } from "#domain/event.ts";
import type { MessageId, ProviderId, WriterId } from "#domain/ids.ts";
import { TIMELINE_BATCHES_MAX } from "#domain/limits.ts";
import { conversationLookupKey, messageKey, submittedKey } from "../lookup-keys.ts";
import {
  type ConversationKey,
  type ConversationMessage,
  conversationKey,
  type EventBatch,
  type EventLog,
  StoreError,
  type SubmittedSegment,
  type WriterRecord,
} from "../store.ts";
import { batchId, batchIdEnd, type Collections, type EventBatchDocument, parseBatchId } from "./documents.ts";
import { createGuard } from "./guard.ts";
import { DUPLICATE_KEY } from "./store-error.ts";
import { closedBatch } from "./writer-pool.ts";

const majority = { readConcern: { level: "majority" } } as const;

interface LogContext {
  readonly set: string;
  readonly collections: Collections;
  readonly clock: Clock;
}

export function createMongoEventLog(context: LogContext): EventLog {
  const guarded = createGuard(context);
  return {
    read: (after, batchesMax) => guarded("read events of", () => readBatches(context, after, batchesMax)),
    writers: () => guarded("list the writers of", () => readWriters(context)),
    endSilentWriters: (silentMs) => guarded("end silent writers of", () => endSilentWriters(context, silentMs)),
    ofMessage: (id) => guarded("read a message of", () => readMessage(context, id)),
    findSubmitted: (provider, ids) => guarded("match receipts in", () => findSubmitted(context, provider, ids)),
    findConversations: (keys) => guarded("match replies in", () => findConversations(context, keys)),
  };
}

async function readBatches(
  { collections, set }: LogContext,
  after: ReadonlyMap<WriterId, number>,
  batchesMax: number,
): Promise<readonly EventBatch[]> {
  if (after.size === 0) return [];
  const ranges = [...after].map(([writer, sequence]) => ({
    _id: { $gt: batchId(writer, sequence), $lt: batchIdEnd(writer) },
  }));
  const found = await collections.events
    .find({ $or: ranges }, { ...majority, projection: { keys: 0 }, sort: { _id: 1 }, limit: batchesMax })
    .toArray();
  return assertGapless(found.map(toBatch), after, set);
}

async function readWriters({ collections }: LogContext): Promise<readonly WriterRecord[]> {
  const rows = await collections.writers
    .aggregate<{ readonly _id: string; readonly closed: boolean; readonly silentMs: number }>([
      { $project: { closed: 1, silentMs: { $subtract: ["$$NOW", "$seenAt"] } } },
    ])
    .toArray();
  return rows.map((row) => ({ writer: row._id as WriterId, closed: row.closed, silentMs: Number(row.silentMs) }));
}

async function endSilentWriters({ collections, clock }: LogContext, silentMs: number): Promise<number> {
  const silent = await collections.writers
    .find({ closed: false, $expr: { $lt: ["$seenAt", { $subtract: ["$$NOW", silentMs] }] } } as object)
    .toArray();
  const ended = await Promise.all(silent.map((writer) => endWriter(collections, writer._id, clock.now())));
  return ended.filter(Boolean).length;
}

/** Of a message with more batches than are read: where its `accepted` is, even by clocks that are a little apart. */
const OLDEST_BATCHES = 4;

async function readMessage({ collections }: LogContext, id: MessageId): Promise<readonly MessageEvent[]> {
  const batchesOf = (order: 1 | -1, limit: number) =>
    collections.events
      .find({ keys: messageKey(id) }, { ...majority, projection: { events: 1 }, sort: { at: order }, limit })
      .toArray();
  const newest = await batchesOf(-1, TIMELINE_BATCHES_MAX);
  const oldest = newest.length < TIMELINE_BATCHES_MAX ? [] : await batchesOf(1, OLDEST_BATCHES);
  const batches = [...new Map([...newest, ...oldest].map((batch) => [batch._id, batch])).values()];
  return batches.flatMap(eventsOf).filter((event) => event.message === id);
}

async function findSubmitted(
  { collections }: LogContext,
  provider: ProviderId,
  providerMessageIds: readonly string[],
): Promise<ReadonlyMap<string, SubmittedSegment>> {
  const found = new Map<string, SubmittedSegment>();
  const wanted = new Set(providerMessageIds.filter((id) => id !== ""));
  if (wanted.size === 0) return found;
  const keys = [...wanted].map((id) => submittedKey(provider, id));
  const batches = await collections.events
    .find({ keys: { $in: keys } }, { ...majority, projection: { events: 1 } })
    .toArray();
  for (const event of batches.flatMap(eventsOf)) {
    if (event.type !== "submitted" || event.provider !== provider || !wanted.has(event.providerMessageId)) continue;
    // Providers use ids again: a receipt speaks of the newest submit.
    if ((found.get(event.providerMessageId)?.at ?? -1) > event.at) continue;
    found.set(event.providerMessageId, { message: event.message, segment: event.segment, at: event.at });
  }
  return found;
}

async function findConversations(
  { collections }: LogContext,
  keys: readonly ConversationKey[],
): Promise<ReadonlyMap<ConversationKey, ConversationMessage>> {
  const found = new Map<ConversationKey, ConversationMessage>();
  for (const key of new Set(keys)) {
    const [batch] = await collections.events
      .find({ keys: conversationLookupKey(key) }, { ...majority, projection: { events: 1 } })
      .sort({ at: -1 })
      .limit(1)
      .toArray();
    for (const event of batch === undefined ? [] : eventsOf(batch)) {
      if (event.type !== "accepted" || conversationKey(event.from, event.to) !== key) continue;
      if ((found.get(key)?.at ?? 0) > event.at) continue;
      found.set(key, { message: event.message, account: event.account, at: event.at });
    }
  }
  return found;
}

/** False: the writer wrote after all, or another process ended it just now. */
async function endWriter({ events, writers }: Collections, writer: string, now: number): Promise<boolean> {
  const [last] = await events
    .find({ _id: { $gt: batchId(writer, 0), $lt: batchIdEnd(writer) } }, { ...majority, projection: { kind: 1 } })
    .sort({ _id: -1 })
    .limit(1)
    .toArray();
  if (last?.kind !== "closed") {
    const next = last === undefined ? 1 : parseBatchId(last._id).sequence + 1;
    try {
      await events.insertOne(closedBatch(writer, next, now));
    } catch (error) {
      if ((error as { readonly code?: number }).code === DUPLICATE_KEY) return false;
      throw error;
    }
  }
  await writers.updateOne({ _id: writer }, { $set: { closed: true } });
  return true;
}

function eventsOf(document: Pick<EventBatchDocument, "events">): readonly MessageEvent[] {
  return JSON.parse(document.events) as readonly MessageEvent[];
}

function toBatch(document: EventBatchDocument): EventBatch {
  const { writer, sequence } = parseBatchId(document._id);
  const { kind, at } = document;
  return { writer: writer as WriterId, sequence, at: at.getTime(), kind, events: eventsOf(document) };
}

/** Gaps are the classic silent loss: better to stop here, loudly, than to read past one. */
function assertGapless(
  batches: readonly EventBatch[],
  after: ReadonlyMap<WriterId, number>,
  set: string,
): readonly EventBatch[] {
  const positions = new Map(after);
  for (const { writer, sequence } of batches) {
    const expected = (positions.get(writer) ?? 0) + 1;
    if (sequence !== expected) {
      throw new StoreError(
        "store_corrupt",
        `Cannot read on as batch ${expected} of writer ${writer} in ${set} is missing`,
        {
          retryable: false,
        },
      );
    }
    positions.set(writer, sequence);
  }
  return batches;
}
