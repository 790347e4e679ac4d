/**
 * The store on one MongoDB replica set. Opening it does not need the set to be up: every operation finds its primary or
 * fails within a bound, and the background work (heartbeats, the set's clock) goes on by itself when it is back.
 */
import { MongoClient } from "mongodb";
import type { Clock } from "#domain/clock.ts";
import { type ChunkId, createIdMint, type SetId } from "#domain/ids.ts";
import { type Lane, lanes } from "#domain/lane.ts";
import type { Logger } from "#domain/log.ts";
import type { Random } from "#domain/random.ts";
import type { LaneDepth, Store, WaitingChunk } from "../store.ts";
import { createBalances } from "./balances.ts";
import { openChunkStream } from "./chunk-stream.ts";
import { createClaims } from "./claim.ts";
import { createStepCommitter } from "./commit-step.ts";
import { createDirectoryCopy } from "./directory-copy.ts";
import { type Collections, DEAD_INDEX, openCollections } from "./documents.ts";
import { createDoorbell } from "./doorbell.ts";
import { createGuard } from "./guard.ts";
import { keepAlive } from "./keep-alive.ts";
import { createMongoEventLog } from "./mongo-event-log.ts";
import { createRegisters } from "./registers.ts";
import { findSendKeys } from "./send-keys.ts";
import { createSetClock } from "./set-clock.ts";
import { createSetSchema } from "./set-schema.ts";
import { createSetState } from "./set-state.ts";
import { withDeadline } from "./with-deadline.ts";
import { createWriterPool } from "./writer-pool.ts";

/**
 * How long an operation looks for a primary. Shorter than an election, so that a caller can use another set instead.
 */
const SERVER_SELECTION_MS = 2_000;
/** An answer that takes longer is as good as none: twice the worst commit seen under load on a small machine. */
const SOCKET_TIMEOUT_MS = 8_000;
const CONNECT_TIMEOUT_MS = 2_000;
/**
 * How often members are asked by themselves. They tell at once of an election, and a broken connection is looked into
 * at once too; with 1 s the questions were a third of what an idle process uses.
 */
const MONITOR_MS = 5_000;
/** A majority that needs longer to answer is none to send customers to. */
const PING_MS = 1_500;
const POOL_MAX = 32;

export interface MongoStoreOptions extends ClientStoreOptions {
  readonly uri: string;
}

export interface ClientStoreOptions {
  readonly set: SetId;
  readonly region: string;
  readonly database: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** Names this process to operators, in leases and writers. */
  readonly owner: string;
  /** Writers for ordinary steps, opened when first needed; one more is kept for alerts. */
  readonly writers: number;
}

export async function openMongoStore(options: MongoStoreOptions): Promise<Store> {
  return openMongoStoreOn(createClient(options), options);
}

/** The same on a client that is there already; disposing the store closes it. */
export function openMongoStoreOn(client: MongoClient, options: ClientStoreOptions): Store {
  const { set, clock, random, log, owner } = options;
  const db = client.db(options.database);
  const collections = openCollections(db);
  const mint = createIdMint({ clock, random });
  const setClock = createSetClock(clock);
  const schema = createSetSchema({ collections, clock, setClock, log, set });
  const pool = { set, collections, schema, clock, setClock, mint, log, owner, count: options.writers };
  const writers = createWriterPool(pool);
  const commit = createStepCommitter({ client, collections, schema, writers, clock, random, mint, set, setClock });
  const stop = new AbortController();
  const heartbeat = () => schema.refresh().then(writers.heartbeat);
  void keepAlive({ client, clock, setClock, heartbeat, signal: stop.signal });

  const guarded = createGuard({ clock, set, schema });
  const claims = createClaims({ collections, clock, setClock, mint });
  const openStream = () => openChunkStream({ client, collections, clock });
  const doorbell = createDoorbell({ clock, openStream, look: (on) => withDeadline(clock, claims.look(on)) });

  return {
    set,
    region: options.region,
    async commit(step) {
      const result = await commit(step);
      if (result.type === "lease_lost") claims.noteLoss(step.acks ?? []);
      return result;
    },
    claim: (claim) => guarded("claim chunks of", () => claims.claim(claim)),
    claimOverdue: (claim) => guarded("claim overdue chunks of", () => claims.claimOverdue(claim)),
    renew: (holds, leaseMs) => guarded("renew leases of", () => claims.renew(holds, leaseMs)),
    release: (leases, delayMs) => guarded("release chunks of", () => claims.release(leases, delayMs)),
    dead: (page) => guarded("list dead items of", () => readDead(collections, page)),
    bell: (on, options) => doorbell.bell(on, options),
    depth: () => guarded("measure the depth of", () => readDepth(collections)),
    events: createMongoEventLog({ set, db, collections, schema, clock, setClock }),
    directory: createDirectoryCopy({ client, collections, guarded, clock }),
    registers: createRegisters(collections, guarded, setClock),
    ...createSetState(collections, guarded),
    findSendKeys: (keys) => guarded("look for send keys in", () => findSendKeys(collections, keys)),
    ...createBalances({ client, collections, guarded }),
    ping: () =>
      guarded("reach", async () => {
        // A linearizable read waits until a majority agrees that this primary still is one; a plain ping would be
        // answered by a primary that has lost its majority. No document needs to be there.
        const options = { readConcern: { level: "linearizable" }, maxTimeMS: PING_MS } as const;
        await collections.writers.findOne({ _id: "nobody" }, options);
      }),
    async [Symbol.asyncDispose]() {
      stop.abort();
      // The background is not waited for: a set that hangs would hold up the end by what it was asked last.
      doorbell[Symbol.dispose]();
      await writers[Symbol.asyncDispose]();
      await withDeadline(clock, client.close()).catch(() => undefined);
    },
  };
}

function createClient({ uri, owner }: MongoStoreOptions): MongoClient {
  return new MongoClient(uri, {
    appName: owner,
    serverSelectionTimeoutMS: SERVER_SELECTION_MS,
    connectTimeoutMS: CONNECT_TIMEOUT_MS,
    socketTimeoutMS: SOCKET_TIMEOUT_MS,
    heartbeatFrequencyMS: MONITOR_MS,
    maxPoolSize: POOL_MAX,
    // Retries are ours: a step is settled by its number, a claim by its token.
    retryWrites: false,
    retryReads: true,
    writeConcern: { w: "majority", journal: true },
    readPreference: "primary",
    ignoreUndefined: false,
  });
}

/** Served by DEAD_INDEX. */
async function readDead({ chunks }: Collections, page: Parameters<Store["dead"]>[0]): Promise<readonly WaitingChunk[]> {
  const filter = { lane: lanes.dead, ...(page.after === undefined ? {} : { _id: { $gt: page.after as string } }) };
  const rows = await chunks.find(filter, { sort: { _id: 1 }, limit: page.max, hint: DEAD_INDEX }).toArray();
  return rows.map(({ _id, items, deliveries, enqueuedAt }) => ({
    id: _id as ChunkId,
    items: JSON.parse(items) as unknown[],
    deliveries,
    enqueuedAt: enqueuedAt.getTime(),
  }));
}

async function readDepth({ chunks }: Collections): Promise<ReadonlyMap<Lane, LaneDepth>> {
  const rows = await chunks
    .aggregate<LaneDepth & { readonly _id: Lane }>([
      {
        $group: {
          _id: "$lane",
          chunks: { $sum: 1 },
          items: { $sum: "$count" },
          oldestMs: { $max: { $subtract: ["$$NOW", "$enqueuedAt"] } },
        },
      },
    ])
    .toArray();
  return new Map(rows.map(({ _id, chunks, items, oldestMs }) => [_id, { chunks, items, oldestMs: Number(oldestMs) }]));
}
