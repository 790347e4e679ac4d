/**
 * The log of a set: reading it writer by writer, and ending writers that are silent. Every read is at majority: what a
 * reader has seen can never be rolled back.
 */
import type { Db } from "mongodb";
import type { Clock } from "#domain/clock.ts";
import type { WriterId } from "#domain/ids.ts";
import { EVENTS_READ_MAX } from "#domain/limits.ts";
import { type EventBatch, type EventLog, StoreError, type WriterRecord } from "../store.ts";
import { batchId, batchIdEnd, type Collections, parseBatchId, type WriterDocument } from "./documents.ts";
import { findConversations, findSubmitted, MAJORITY_READ, readMessage, readMessages } from "./event-look-ups.ts";
import { createGuard } from "./guard.ts";
import { BEFORE_MONTHS, type Month, monthsAhead } from "./months.ts";
import { openMonths } from "./open-months.ts";
import { putBack } from "./put-back.ts";
import type { SetClock } from "./set-clock.ts";
import type { SetSchema } from "./set-schema.ts";
import { DUPLICATE_KEY } from "./store-error.ts";
import { toBatch } from "./to-batch.ts";
import { closedBatch } from "./writer.ts";

interface LogContext {
  readonly set: string;
  readonly db: Db;
  readonly collections: Collections;
  readonly schema: SetSchema;
  readonly clock: Clock;
  readonly setClock: SetClock;
}

interface ReadContext extends LogContext {
  /** The month of each writer that was asked for: it never changes. */
  readonly monthOfWriter: Map<string, Month>;
}

export function createMongoEventLog(deps: LogContext): EventLog {
  const context: ReadContext = { ...deps, monthOfWriter: new Map() };
  const guarded = createGuard(context);
  return {
    read: (after, batchesMax, eventsMax = EVENTS_READ_MAX) =>
      guarded("read events of", () => readBatches(context, after, { batchesMax, eventsMax })),
    writers: () => guarded("list the writers of", () => readWriters(context)),
    endSilentWriters: (silentMs) => guarded("end silent writers of", () => endSilentWriters(context, silentMs)),
    openMonths: () => guarded("open the months to come in", () => openMonthsAhead(context)),
    keptSince: () =>
      guarded("ask how far back go the events of", async () => {
        await deps.schema.refresh();
        return deps.schema.keptSince();
      }),
    putBack: (batches) => guarded("put events back to", () => putBack(context, batches)),
    ofMessage: (id) => guarded("read a message of", () => readMessage(context, id)),
    ofMessages: (ids) => guarded("read messages of", () => readMessages(context, ids)),
    findSubmitted: (provider, ids) => guarded("match receipts in", () => findSubmitted(context, provider, ids)),
    findConversations: (keys) => guarded("match replies in", () => findConversations(context, keys)),
  };
}

/** Batches that the set sends at once. 16 full ones are just EVENTS_READ_MAX: none is fetched in vain. */
const FETCHED = 16;

/** Month by month, the oldest first: each holds all batches of its writers. */
async function readBatches(
  context: ReadContext,
  after: ReadonlyMap<WriterId, number>,
  { batchesMax, eventsMax }: { readonly batchesMax: number; readonly eventsMax: number },
): Promise<readonly EventBatch[]> {
  if (after.size === 0) return [];
  const { collections, set } = context;
  const found: EventBatch[] = [];
  let events = 0;
  for (const [month, positions] of await byMonth(context, after)) {
    const limit = batchesMax - found.length;
    if (limit === 0 || events >= eventsMax) break;
    const options = { ...MAJORITY_READ, projection: { keys: 0 }, sort: { _id: 1 }, limit, batchSize: FETCHED } as const;
    await using cursor = collections.eventsOf(month).find(batchesAfter(positions), options);
    for await (const document of cursor) {
      const batch = toBatch(document);
      found.push(batch);
      events += batch.events.length;
      if (events >= eventsMax) break;
    }
  }
  return assertGapless(found, after, set);
}

type Positions = readonly (readonly [writer: string, after: number])[];

/** Ranges of the primary index, one a writer. */
export function batchesAfter(positions: Positions) {
  return {
    $or: positions.map(([writer, after]) => ({ _id: { $gt: batchId(writer, after), $lt: batchIdEnd(writer) } })),
  };
}

/** A writer that nobody has registered, or that was forgotten with its month, has no batches. */
async function byMonth(
  { collections, monthOfWriter }: ReadContext,
  after: ReadonlyMap<WriterId, number>,
): Promise<readonly (readonly [Month, Positions])[]> {
  const unknown = [...after.keys()].filter((writer) => !monthOfWriter.has(writer));
  if (unknown.length > 0) {
    const records = await collections.writers
      .find({ _id: { $in: unknown } }, { ...MAJORITY_READ, projection: { month: 1 } })
      .toArray();
    for (const record of records) monthOfWriter.set(record._id, monthOf(record));
  }
  const months = new Map<Month, [string, number][]>();
  for (const [writer, sequence] of after) {
    const month = monthOfWriter.get(writer);
    if (month === undefined) continue;
    const positions = months.get(month) ?? [];
    months.set(month, [...positions, [writer, sequence]]);
  }
  return [...months].sort(([a], [b]) => (a < b ? -1 : 1));
}

const monthOf = ({ month }: Pick<WriterDocument, "month">): Month => month ?? BEFORE_MONTHS;

async function readWriters({ collections, monthOfWriter }: ReadContext): Promise<readonly WriterRecord[]> {
  const rows = await collections.writers
    .aggregate<Pick<WriterDocument, "_id" | "month" | "closed"> & { readonly silentMs: number }>([
      { $project: { month: 1, closed: 1, silentMs: { $subtract: ["$$NOW", "$seenAt"] } } },
    ])
    .toArray();
  monthOfWriter.clear();
  for (const row of rows) monthOfWriter.set(row._id, monthOf(row));
  return rows.map((row) => ({ writer: row._id as WriterId, closed: row.closed, silentMs: Number(row.silentMs) }));
}

async function endSilentWriters(context: ReadContext, silentMs: number): Promise<number> {
  const silent = await context.collections.writers
    .find({ closed: false, $expr: { $lt: ["$seenAt", { $subtract: ["$$NOW", silentMs] }] } } as object)
    .toArray();
  const ended = await Promise.all(silent.map((writer) => endWriter(context, writer)));
  return ended.filter(Boolean).length;
}

/** False: the writer wrote after all, or another process ended it just now. */
async function endWriter({ collections, setClock }: ReadContext, record: WriterDocument): Promise<boolean> {
  const writer = record._id;
  const batches = collections.eventsOf(monthOf(record));
  const [last] = await batches
    .find({ _id: { $gt: batchId(writer, 0), $lt: batchIdEnd(writer) } }, { ...MAJORITY_READ, projection: { kind: 1 } })
    .sort({ _id: -1 })
    .limit(1)
    .toArray();
  if (last?.kind !== "closed") {
    const next = last === undefined ? 1 : parseBatchId(last._id).sequence + 1;
    try {
      await batches.insertOne(closedBatch(writer, next, setClock.now()));
    } catch (error) {
      if ((error as { readonly code?: number }).code === DUPLICATE_KEY) return false;
      throw error;
    }
  }
  await collections.writers.updateOne({ _id: writer }, { $set: { closed: true } });
  return true;
}

async function openMonthsAhead({ db, schema, setClock }: ReadContext): Promise<readonly Month[]> {
  await schema.refresh();
  const open = new Set(schema.months().map(({ month }) => month));
  const missing = monthsAhead(setClock.now()).filter((month) => !open.has(month));
  await openMonths(db, missing);
  return missing;
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
      const defect = `batch ${expected} of writer ${writer} in ${set} is missing`;
      throw new StoreError("store_corrupt", `Cannot read on as ${defect}`, { retryable: false });
    }
    positions.set(writer, sequence);
  }
  return batches;
}
