/**
 * The months of a set's log as an operator sees them, and how one goes for good. States: listed → withdrawn (nobody
 * finds it any more) → dropped, or listed again where something speaks against it after all. Needs an administrator's
 * rights. It must never drop a month that is still written to, nor one that has not been read to its end.
 */
import type { Db } from "mongodb";
import type { Clock } from "#domain/clock.ts";
import type { WriterId } from "#domain/ids.ts";
import {
  batchId,
  batchIdEnd,
  type Collections,
  openCollections,
  parseBatchId,
  type SchemaDocument,
} from "./documents.ts";
import {
  BEFORE_MONTHS,
  eventsCollection,
  type Month,
  monthOf,
  type OpenMonth,
  startOfMonth,
  writtenMonth,
} from "./months.ts";

/** Longer than the deadline of an operation: whoever has read that the month is there has done what it wanted to do. */
const WITHDRAWN_MS = 15_000;

export interface MonthWriter {
  readonly writer: WriterId;
  /** The sequence of its last batch; 0: it has none. */
  readonly last: number;
  /** Its last batch is its closed batch: nothing follows. */
  readonly isClosed: boolean;
}

export interface MonthState {
  readonly month: Month;
  /** Undefined: the set does not list it. It may have been half dropped. */
  readonly openedAt: Date | undefined;
  readonly hasCollection: boolean;
  readonly isOver: boolean;
  /** New writers belong to it, also where it is over, as there is no later one. */
  readonly isWritten: boolean;
  readonly writers: readonly MonthWriter[];
}

export type DropResult = { readonly type: "dropped" } | { readonly type: "kept"; readonly reasons: readonly string[] };

/** The months that the set lists, oldest first. */
export async function listMonths(db: Db): Promise<readonly MonthState[]> {
  const { months } = await readMonths(db);
  return Promise.all(months.map(({ month }) => readMonth(db, month)));
}

/**
 * Drops a month with all its events and forgets its writers, unless something speaks against it: it is not over, or has
 * writers that have not ended, or `whyNotRead` names a reason. Takes WITHDRAWN_MS; one that broke off is run again.
 */
export async function dropMonth(options: {
  readonly db: Db;
  readonly month: Month;
  readonly clock: Clock;
  /** Why these writers cannot be said to have been read to their end by everybody who must; none: they have. */
  readonly whyNotRead: (writers: readonly MonthWriter[]) => Promise<readonly string[]>;
}): Promise<DropResult> {
  const { db, month, clock, whyNotRead } = options;
  const { eventsOf, schema, writers } = openCollections(db);
  const askWhyKept = async (state: MonthState): Promise<readonly string[]> => {
    const reasons = whyKept(state);
    return reasons.length > 0 ? reasons : whyNotRead(state.writers);
  };

  const state = await readMonth(db, month);
  const before = await askWhyKept(state);
  if (before.length > 0) return { type: "kept", reasons: before };

  await schema.updateOne({ _id: "schema" }, { $unset: { [`months.${month}`]: "" } });
  await clock.sleep(WITHDRAWN_MS);
  const withdrawn = await readMonth(db, month);
  const after = await askWhyKept(withdrawn);
  if (after.length > 0) {
    if (state.openedAt !== undefined) {
      await schema.updateOne({ _id: "schema" }, { $set: { [`months.${month}`]: state.openedAt } });
    }
    return { type: "kept", reasons: after };
  }
  await schema.updateOne({ _id: "schema" }, { $max: { keptSince: await endOf(db, month) } });
  if (withdrawn.hasCollection) await eventsOf(month).drop();
  await writers.deleteMany(writersOf(month));
  return { type: "dropped" };
}

function whyKept({ month, openedAt, hasCollection, isOver, isWritten, writers }: MonthState): readonly string[] {
  if (openedAt === undefined && !hasCollection && writers.length === 0) return [`there is no month ${month}`];
  const reasons: string[] = [];
  if (!isOver) reasons.push("it is not over");
  if (isWritten) reasons.push("it is written to, as there is no later one: run 'godwit schema'");
  const open = writers.filter(({ isClosed }) => !isClosed);
  if (open.length > 0) reasons.push(`${open.length} of its writers have not ended, such as ${open[0]?.writer}`);
  return reasons;
}

/** By the set's clock. */
async function readMonths(db: Db): Promise<{ readonly months: readonly OpenMonth[]; readonly now: number }> {
  const hello = await db.admin().command({ hello: 1 });
  const found: SchemaDocument | null = await openCollections(db).schema.findOne({ _id: "schema" });
  const months = Object.entries(found?.months ?? {}).map(([month, at]) => ({
    month: month as Month,
    openedAt: at.getTime(),
  }));
  return {
    months: months.toSorted((a, b) => (a.month < b.month ? -1 : 1)),
    now: (hello.localTime as Date).getTime(),
  };
}

async function readMonth(db: Db, month: Month): Promise<MonthState> {
  const { months, now } = await readMonths(db);
  const opened = months.find((held) => held.month === month);
  // Withdrawn, it may still be the newest there is: then it must be listed again.
  const all = opened === undefined ? [...months, { month, openedAt: now }] : months;
  return {
    month,
    openedAt: opened === undefined ? undefined : new Date(opened.openedAt),
    hasCollection: (await db.listCollections({ name: eventsCollection(month) }).toArray()).length > 0,
    isOver: month < monthOf(now),
    isWritten: writtenMonth(all, now) === month,
    writers: await readWriters(openCollections(db), month),
  };
}

/** Nothing was written to it any more once there was a later month; that may have been long after it was over. */
async function endOf(db: Db, month: Month): Promise<Date> {
  const [next] = (await readMonths(db)).months.filter((held) => held.month > month);
  // There is one, or it would have been kept.
  return new Date(next === undefined ? 0 : Math.max(startOfMonth(next.month), next.openedAt));
}

const writersOf = (month: Month): object =>
  month === BEFORE_MONTHS ? { month: { $in: [BEFORE_MONTHS, null] } } : { month };

/** Those that have registered and, should one be missing there, those that have batches. */
async function readWriters(collections: Collections, month: Month): Promise<readonly MonthWriter[]> {
  const records = await collections.writers.find(writersOf(month), { projection: { closed: 1 } }).toArray();
  const closed = new Map(records.map((record) => [record._id, record.closed]));
  const ids = new Set([...closed.keys(), ...(await writersWithBatches(collections, month))]);
  const found: MonthWriter[] = [];
  for (const writer of [...ids].toSorted()) {
    const last = await collections
      .eventsOf(month)
      .findOne(
        { _id: { $gt: batchId(writer, 0), $lt: batchIdEnd(writer) } },
        { sort: { _id: -1 }, projection: { kind: 1 }, readConcern: { level: "majority" } },
      );
    const isClosed = last === null ? closed.get(writer) === true : last.kind === "closed";
    found.push({ writer: writer as WriterId, last: last === null ? 0 : parseBatchId(last._id).sequence, isClosed });
  }
  return found;
}

/** From one writer's range of the primary index to the next one's. */
async function writersWithBatches({ eventsOf }: Collections, month: Month): Promise<readonly string[]> {
  const writers: string[] = [];
  const projection = { _id: 1 } as const;
  for (let after = ""; ; ) {
    const batch = await eventsOf(month).findOne({ _id: { $gt: after } }, { sort: { _id: 1 }, projection });
    if (batch === null) return writers;
    const { writer } = parseBatchId(batch._id);
    writers.push(writer);
    after = batchIdEnd(writer);
  }
}
