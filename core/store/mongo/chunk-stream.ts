/** A change stream on the chunks of a set that tells on which lanes new ones were put. */
import { Long, type MongoClient } from "mongodb";
import type { Clock } from "#domain/clock.ts";
import type { Lane } from "#domain/lane.ts";
import type { Collections } from "./documents.ts";
import { withDeadline } from "./with-deadline.ts";

/** How long the set holds one question for news; less than the time-out of a socket. */
const AWAIT_MS = 4_000;
const EVENTS_MAX = 1_000;

export interface ChunkStream extends AsyncDisposable {
  /** The lane of every chunk put there since the last answer; none when nothing came for AWAIT_MS. */
  next(): Promise<readonly Lane[]>;
}

/** Only inserts, and of them only the lane: the rest of a chunk never leaves the set. */
const PIPELINE = [
  { $changeStream: {} },
  { $match: { operationType: "insert" } },
  { $project: { _id: 1, lane: "$fullDocument.lane" } },
];

interface Batch {
  readonly id: Long | bigint | number;
  readonly firstBatch?: readonly { readonly lane?: Lane }[];
  readonly nextBatch?: readonly { readonly lane?: Lane }[];
}

/**
 * The commands themselves instead of the driver's change stream: that one says nothing about when it is open, resumes
 * by its own judgement, and asks again at once in ways that cannot be bounded.
 */
export async function openChunkStream(deps: {
  readonly client: MongoClient;
  readonly collections: Collections;
  readonly clock: Clock;
}): Promise<ChunkStream> {
  const { client, clock } = deps;
  const { chunks } = deps.collections;
  const db = client.db(chunks.dbName);
  const session = client.startSession({ causalConsistency: false });
  async function ask(command: object): Promise<Batch> {
    const { cursor } = await withDeadline(clock, db.command(command, { session }));
    return cursor as Batch;
  }
  const opened = await ask({
    aggregate: chunks.collectionName,
    pipeline: PIPELINE,
    cursor: { batchSize: 0 },
    readConcern: { level: "majority" },
  }).catch(async (error: unknown) => {
    await session.endSession();
    throw error;
  });
  const id = Long.fromValue(opened.id as Long);
  const collection = chunks.collectionName;
  return {
    async next() {
      const { nextBatch = [] } = await ask({ getMore: id, collection, batchSize: EVENTS_MAX, maxTimeMS: AWAIT_MS });
      return nextBatch.flatMap(({ lane }) => lane ?? []);
    },
    async [Symbol.asyncDispose]() {
      const closed = db.command({ killCursors: collection, cursors: [id] }, { session });
      await withDeadline(clock, closed, AWAIT_MS).catch(() => undefined);
      await session.endSession();
    },
  };
}
