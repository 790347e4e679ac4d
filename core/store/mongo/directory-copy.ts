/**
 * A set's copy of the directory: records and changes, each a document, and one head, which every write compares and
 * sets. A change is one transaction. What comes of one whose answer is lost the caller finds out by its id.
 */
import type { ClientSession, MongoClient } from "mongodb";
import type { Clock } from "#domain/clock.ts";
import type { SetId } from "#domain/ids.ts";
import {
  CHANGES_READ_MAX,
  type DirectoryChange,
  type DirectoryCopy,
  type DirectoryHead,
  type DirectoryRecord,
  type DirectoryStamp,
  type DirectoryTerm,
  type RecordChange,
  stampOf,
} from "../directory-copy.ts";
import {
  type Collections,
  collectionNames,
  type DirectoryChangeDocument,
  type DirectoryHeadDocument,
} from "./documents.ts";
import type { Guard } from "./guard.ts";
import { isDuplicateKey, isWriteConflict } from "./store-error.ts";
import { withDeadline } from "./with-deadline.ts";

/** Records of one read: 16 MB if all were pages of rates, 200 KB as accounts are. */
const RECORDS_READ_MAX = 100;
const NUMBER_DIGITS = 10;
const NONE: Omit<DirectoryHeadDocument, "_id"> = {
  number: 0,
  change: "",
  epoch: 0,
  home: "",
  promisedEpoch: 0,
  promisedHome: "",
};

interface Deps {
  readonly client: MongoClient;
  readonly collections: Collections;
  readonly guarded: Guard;
  readonly clock: Clock;
}

export function createDirectoryCopy(deps: Deps): DirectoryCopy {
  const { collections, guarded } = deps;
  const { directoryHead, directoryChanges } = collections;
  const majority = { readConcern: { level: "majority" } } as const;

  async function readHead(session?: ClientSession): Promise<DirectoryHead> {
    const found = await directoryHead.findOne({ _id: "head" }, { ...majority, ...(session && { session }) });
    return toHead(found ?? { _id: "head", ...NONE });
  }

  return {
    head: () => guarded("read the directory of", () => readHead()),
    records: () => readRecords(deps, readHead),
    // Served by the primary index, as all of these reads are.
    changes: ({ after }) =>
      guarded("read changes of the directory of", async () => {
        const filter = { _id: { $gt: changeKey(after) } };
        const found = await directoryChanges
          .find(filter, { sort: { _id: 1 }, limit: CHANGES_READ_MAX, ...majority })
          .toArray();
        return found.map(toChange);
      }),
    promise: (term) =>
      guarded("write the directory of", async () => {
        await ensureHead(collections);
        const { epoch: promisedEpoch, home: promisedHome } = term;
        await directoryHead.updateOne(
          { _id: "head", ...promisedAtMost(term) },
          { $set: { promisedEpoch, promisedHome } },
        );
        return readHead();
      }),
    append: (change, { after, under }) =>
      guarded("write the directory of", async () => {
        await ensureHead(collections);
        return inTransaction(deps, async (session) => {
          if (!(await moveHead(collections, session, { from: after, to: stampOf(change), under }))) return false;
          await directoryChanges.insertOne(toDocument(change), { session });
          const bodies = change.writes.map(({ key, after: body }) => ({ key, body }));
          await putRecords(collections, session, bodies);
          return true;
        });
      }),
    undo: (last, under) =>
      guarded("write the directory of", () =>
        inTransaction(deps, async (session) => {
          const key = changeKey(last.number);
          const [undone, prior] = await Promise.all([
            directoryChanges.findOne({ _id: key }, majority),
            directoryChanges.findOne({ _id: changeKey(last.number - 1) }, majority),
          ]);
          if (undone === null || undone.id !== last.change) return false;
          const to = prior === null ? undefined : stampOf(toChange(prior));
          if (!(await moveHead(collections, session, { from: last, to, under }))) return false;
          await directoryChanges.deleteMany({ _id: key }, { session });
          const bodies = toChange(undone).writes.map(({ key, before: body }) => ({ key, body }));
          await putRecords(collections, session, bodies);
          return true;
        }),
      ),
  };
}

/**
 * In a causally consistent session: on a primary that was just elected a majority read may still be of before the head,
 * and a change between the two would be missed.
 */
async function* readRecords(
  { client, collections: { directoryRecords }, guarded }: Deps,
  readHead: (session: ClientSession) => Promise<DirectoryHead>,
): AsyncGenerator<{ readonly since: DirectoryHead; readonly records: readonly DirectoryRecord[] }> {
  const session = client.startSession({ causalConsistency: true });
  try {
    const since = await guarded("read the directory of", () => readHead(session));
    for (let after = ""; ; ) {
      const found = await guarded("read the directory of", () =>
        directoryRecords
          .find(
            { _id: { $gt: after } },
            { sort: { _id: 1 }, limit: RECORDS_READ_MAX, readConcern: { level: "majority" }, session },
          )
          .toArray(),
      );
      yield { since, records: found.map(({ _id, body }) => ({ key: _id, body })) };
      const last = found.at(-1);
      if (last === undefined || found.length < RECORDS_READ_MAX) return;
      after = last._id;
    }
  } finally {
    await session.endSession();
  }
}

async function ensureHead({ directoryHead }: Collections): Promise<void> {
  if ((await directoryHead.findOne({ _id: "head" }, { projection: { _id: 1 } })) !== null) return;
  await directoryHead.insertOne({ _id: "head", ...NONE }).catch((error: unknown) => {
    if (!isDuplicateKey(error, collectionNames.directoryHead)) throw error;
  });
}

/** False: the copy is not at `from`, or a higher term was promised. Undefined is a copy without any change. */
async function moveHead(
  { directoryHead }: Collections,
  session: ClientSession,
  move: {
    readonly from: DirectoryStamp | undefined;
    readonly to: DirectoryStamp | undefined;
    readonly under: DirectoryTerm;
  },
): Promise<boolean> {
  const { from, to, under } = move;
  const { matchedCount } = await directoryHead.updateOne(
    { _id: "head", number: from?.number ?? 0, change: from?.change ?? "", ...promisedAtMost(under) },
    {
      $set: {
        ...{ number: to?.number ?? 0, change: to?.change ?? "", epoch: to?.epoch ?? 0, home: to?.home ?? "" },
        promisedEpoch: under.epoch,
        promisedHome: under.home,
      },
    },
    { session },
  );
  return matchedCount === 1;
}

function promisedAtMost({ epoch, home }: DirectoryTerm) {
  return {
    $or: [{ promisedEpoch: { $lt: epoch } }, { promisedEpoch: epoch, promisedHome: { $lte: home as string } }],
  };
}

async function putRecords(
  { directoryRecords }: Collections,
  session: ClientSession,
  writes: readonly { readonly key: string; readonly body: string | null }[],
): Promise<void> {
  const gone = writes.flatMap(({ key, body }) => (body === null ? [key] : []));
  const put = writes.flatMap(({ key, body }) =>
    body === null ? [] : [{ updateOne: { filter: { _id: key }, update: { $set: { body } }, upsert: true } }],
  );
  if (gone.length > 0) await directoryRecords.deleteMany({ _id: { $in: gone } }, { session });
  if (put.length > 0) await directoryRecords.bulkWrite(put, { session });
}

/** Without trying again: who changes the directory looks anew first. A conflict is another change: false. */
async function inTransaction(deps: Deps, write: (session: ClientSession) => Promise<boolean>): Promise<boolean> {
  const session = deps.client.startSession({ causalConsistency: false });
  try {
    session.startTransaction({ readConcern: { level: "local" }, writeConcern: { w: "majority", journal: true } });
    const isWritten = await withDeadline(deps.clock, write(session));
    if (!isWritten) {
      await session.abortTransaction();
      return false;
    }
    await session.commitTransaction();
    return true;
  } catch (error) {
    if (session.inTransaction()) await session.abortTransaction().catch(() => undefined);
    if (isWriteConflict(error) || isDuplicateKey(error, collectionNames.directoryChanges)) return false;
    throw error;
  } finally {
    await session.endSession();
  }
}

function toHead(held: DirectoryHeadDocument): DirectoryHead {
  const { number, change, epoch, home, promisedEpoch, promisedHome } = held;
  return {
    at: number === 0 ? undefined : { number, change, epoch, home: home as SetId },
    promised: promisedEpoch === 0 ? undefined : { epoch: promisedEpoch, home: promisedHome as SetId },
  };
}

/** Sorts as the number does. */
function changeKey(number: number): string {
  return number.toString().padStart(NUMBER_DIGITS, "0");
}

function toDocument({ number, at, writes, ...change }: DirectoryChange): DirectoryChangeDocument {
  return { _id: changeKey(number), ...change, at: new Date(at), writes: JSON.stringify(writes) };
}

function toChange({ _id, at, writes, home, ...change }: DirectoryChangeDocument): DirectoryChange {
  const parsed = JSON.parse(writes) as readonly RecordChange[];
  return { ...change, home: home as SetId, number: Number(_id), at: at.getTime(), writes: parsed };
}
