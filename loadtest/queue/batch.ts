/**
 * Batches of 512: as one chunk on a queue lane, and as 512 documents that insertMany puts into the classical queue's
 * collection; the same bytes, the same write concern, as many under way. No keys: a batch is one request, and has one
 * at most. The floor is the same insertMany into a collection without the queue's index.
 */
import type { InboxItem } from "#domain/item.ts";
import { CHUNK_ITEMS_MAX } from "#domain/limits.ts";
import type { Figures } from "../bench-seam.ts";
import { openClassicQueue } from "./classic-queue.ts";
import { measureRate, type Rate } from "./measure-rate.ts";
import { type BenchMessages, createMessages, indexOf } from "./messages.ts";
import { medianPerSecond, medianRatio, rateFigure, repeat } from "./repeat.ts";
import { type BenchDatabase, mint, type Part, type QueueRig } from "./rig.ts";
import { commit, LANE, readChunksInto } from "./send.ts";
import { createTally, type Tally } from "./tally.ts";

const IN_FLIGHT = 4;

export const batchPart: Part = { name: "batch", run: compareBatches };

async function compareBatches(rig: QueueRig): Promise<Figures> {
  const { insertMany, ours, floor } = await repeat(rig, `batches of ${CHUNK_ITEMS_MAX}, ${IN_FLIGHT} under way`, {
    insertMany: () => sendBatches(rig, "insertMany", openInsertMany),
    ours: () => sendBatches(rig, "ours", openOurs),
    floor: () => sendBatches(rig, "floor", openFloor),
  });
  return {
    batch_over_insert_many: medianRatio(ours, insertMany),
    batch_over_floor: medianRatio(ours, floor),
    batch_per_s: medianPerSecond(ours),
    batch_ours: rateFigure(ours),
    batch_insert_many: rateFigure(insertMany),
    batch_floor: rateFigure(floor),
  };
}

/** One way to store batches. */
interface BatchSide {
  send(items: readonly InboxItem[]): Promise<void>;
  /** Tells `tally` of every message that is there. */
  readInto(tally: Tally): Promise<void>;
}

async function sendBatches(
  rig: QueueRig,
  name: string,
  open: (database: BenchDatabase) => Promise<BatchSide>,
): Promise<Rate> {
  await using database = await rig.openDatabase();
  const side = await open(database);
  const [messages, tally]: [BenchMessages, Tally] = [createMessages(), createTally()];
  const rate = await measureRate(rig, {
    loops: IN_FLIGHT,
    async body() {
      const items = messages.take(CHUNK_ITEMS_MAX);
      await side.send(items);
      for (const item of items) tally.sent(indexOf(item));
      return items.length;
    },
  });
  await side.readInto(tally);
  for (const failure of tally.failures()) rig.fail(`batch, ${name}: ${failure}`);
  return rate;
}

async function openOurs(database: BenchDatabase): Promise<BatchSide> {
  const store = await database.openStore();
  return {
    send: (items) => commit(store, { chunks: [{ id: mint.chunkId(), lane: LANE, items }] }),
    readInto: (tally) => readChunksInto(tally, database),
  };
}

async function openInsertMany(database: BenchDatabase): Promise<BatchSide> {
  const queue = await openClassicQueue(await database.openClient(), database.name);
  return {
    send: (items) => queue.sendMany(items.map((item) => JSON.stringify(item))),
    async readInto(tally) {
      for await (const { body } of queue.readAll()) tally.received(indexOf(JSON.parse(body) as InboxItem));
    },
  };
}

async function openFloor(database: BenchDatabase): Promise<BatchSide> {
  const client = await database.openClient();
  const floor = client.db(database.name).collection<{ readonly body: string }>("floor");
  return {
    async send(items) {
      const documents = items.map((item) => ({ body: JSON.stringify(item) }));
      await floor.insertMany(documents, { ordered: false });
    },
    async readInto(tally) {
      for await (const { body } of floor.find()) tally.received(indexOf(JSON.parse(body) as InboxItem));
    },
  };
}
