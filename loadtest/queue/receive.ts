/**
 * Receiving: consumers lease what waits, read it and acknowledge it, until the time is over or a backlog of the same
 * messages on both sides is empty. The classical queue leases and deletes message by message; ours claims the chunks
 * that 64 producers of `send` leave behind, of 64 messages each, and acknowledges a claim in one step.
 */
import type { Store } from "#core/store/store.ts";
import type { InboxItem } from "#domain/item.ts";
import { CHUNK_ITEMS_MAX } from "#domain/limits.ts";
import type { Figures } from "../bench-seam.ts";
import { type ClassicQueue, openClassicQueue } from "./classic-queue.ts";
import { measureRate, type Rate } from "./measure-rate.ts";
import { type BenchMessages, createMessages, indexOf } from "./messages.ts";
import { medianPerSecond, medianRatio, rateFigure, repeat } from "./repeat.ts";
import { mint, type Part, type QueueRig } from "./rig.ts";
import { commit, LANE } from "./send.ts";
import { createTally, type Tally } from "./tally.ts";

/** Messages waiting at the start, on either side. */
const BACKLOG = 60_000;
/** A step of `send` with 64 producers holds one message of each. */
const CHUNK_ITEMS = 64;
const FILLS_IN_FLIGHT = 8;
const CLASSIC_FILL = 1_000;
/**
 * Consumers of the classical queue, each with a connection. Measured on two quiet cores, received by the second: 8:
 * 500, 32: 800-960, 64: 1,180, 100: 1,040, 200: 1,220. More of them share more journal flushes and fight over more
 * documents.
 */
const CLASSIC_CONSUMERS = 64;
/** Claims under way of ours. 1: 32,000, 2: 40,000, 4: 47,000. */
const CONSUMERS = 4;
const WARM_UP_MS = 300;
export const LEASE_MS = 60_000;

export const receivePart: Part = { name: "receive", run: compareReceives };

async function compareReceives(rig: QueueRig): Promise<Figures> {
  const { classic, ours } = await repeat(rig, `receive, ${BACKLOG} waiting`, {
    classic: () => receiveClassic(rig, CLASSIC_CONSUMERS),
    ours: () => receiveOurs(rig, CONSUMERS),
  });
  return {
    receive_over_classic: medianRatio(ours, classic),
    receive_per_s: medianPerSecond(ours),
    receive_ours: rateFigure(ours),
    receive_classic: rateFigure(classic),
  };
}

async function receiveClassic(rig: QueueRig, consumers: number): Promise<Rate> {
  await using database = await rig.openDatabase();
  const queue = await openClassicQueue(await database.openClient(), database.name);
  const [messages, tally] = [createMessages(), createTally()];
  while (messages.count < BACKLOG) {
    const fills = Array.from({ length: FILLS_IN_FLIGHT / 2 }, () => messages.take(CLASSIC_FILL));
    await Promise.all(fills.map((items) => queue.sendMany(items.map((item) => JSON.stringify(item)))));
  }
  for (let index = 0; index < messages.count; index++) tally.sent(index);
  const body = (): Promise<number | undefined> => consumeClassic(queue, tally);
  const rate = await measureRate(rig, { loops: consumers, body, warmUpMs: WARM_UP_MS });
  for await (const { body: left } of queue.readAll()) tally.received(indexOf(JSON.parse(left) as InboxItem));
  for (const failure of tally.failures()) rig.fail(`receive, classic: ${failure}`);
  return rate;
}

/** Receives, reads and acknowledges one message; undefined when nothing is ready. */
export async function consumeClassic(queue: ClassicQueue, tally: Tally): Promise<number | undefined> {
  const delivery = await queue.receive();
  if (delivery === undefined) return undefined;
  const index = indexOf(JSON.parse(delivery.body) as InboxItem);
  if (!(await queue.acknowledge(delivery))) throw new Error("A lease of the classical queue was lost");
  tally.received(index);
  return 1;
}

async function receiveOurs(rig: QueueRig, consumers: number): Promise<Rate> {
  await using database = await rig.openDatabase();
  const store = await database.openStore();
  const [messages, tally] = [createMessages(), createTally()];
  await fillLane(rig, store, messages, { count: BACKLOG, chunkItems: CHUNK_ITEMS });
  for (let index = 0; index < messages.count; index++) tally.sent(index);
  const rate = await measureRate(rig, {
    loops: consumers,
    warmUpMs: WARM_UP_MS,
    async body() {
      // An empty claim may only have come second: the end is when all have been received.
      return tally.receivedCount === messages.count ? undefined : consumeOurs(store, tally);
    },
  });
  for (const { items } of (await store.depth()).values()) {
    const left = messages.count - tally.receivedCount;
    if (items !== left) rig.fail(`receive, ours: ${items} messages wait of ${left} that were not received`);
  }
  for (const failure of tally.failuresSoFar()) rig.fail(`receive, ours: ${failure}`);
  return rate;
}

/** Claims, reads and acknowledges up to 512 messages; 0 when nothing was ready. */
export async function consumeOurs(store: Store, tally: Tally): Promise<number> {
  const claim = { lanes: [LANE], itemsMax: CHUNK_ITEMS_MAX, leaseMs: LEASE_MS, owner: "bench", markAhead: 0 };
  const holds = await store.claim(claim);
  if (holds.length === 0) return 0;
  await commit(store, { acks: holds.map(({ lease }) => lease) });
  const items = holds.flatMap((hold) => hold.items as readonly InboxItem[]);
  for (const item of items) tally.received(indexOf(item));
  return items.length;
}

/** Fills the lane up to `count` messages in chunks of `chunkItems`, by bare enqueues. */
export async function fillLane(
  rig: QueueRig,
  store: Store,
  messages: BenchMessages,
  { count, chunkItems }: { readonly count: number; readonly chunkItems: number },
): Promise<void> {
  const fill = async (): Promise<void> => {
    while (messages.count < count) {
      rig.signal.throwIfAborted();
      const items = messages.take(Math.min(chunkItems, count - messages.count));
      await commit(store, { chunks: [{ id: mint.chunkId(), lane: LANE, items }] });
    }
  };
  await Promise.all(Array.from({ length: FILLS_IN_FLIGHT }, fill));
}
