/**
 * What a part of the queue bench runs on: a replica set of three real members, as the platform opens them, and on it an
 * empty database with the production schema for each measurement, so that none inherits what another left behind.
 */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { MongoClient, type MongoClientOptions } from "mongodb";
import { openMongoStore } from "#core/store/mongo/open-mongo-store.ts";
import { setupMongoSchema } from "#core/store/mongo/schema.ts";
import type { Store } from "#core/store/store.ts";
import { systemClock } from "#domain/clock.ts";
import { createIdMint, setIdSchema } from "#domain/ids.ts";
import { silentLogger } from "#domain/log.ts";
import { systemRandom } from "#domain/random.ts";
import { openReplicaSet, type ReplicaSet } from "#testkit/replica-set.ts";
import { findTool } from "#testkit/tools.ts";
import type { BenchOptions, Figures } from "../bench-seam.ts";

export const SET = setIdSchema.parse("syd1");
export const REGION = "syd";
/** What every write of every side asks for. */
export const DURABLE = { writeConcern: { w: "majority", journal: true } } as const;
/** A run that is already wrong need not say so a thousand times. */
const FAILURES_MAX = 20;

export const mint = createIdMint({ clock: systemClock, random: systemRandom });

/** One part of the bench. Its figures are worth nothing if it calls `rig.fail`. */
export interface Part {
  readonly name: string;
  run(rig: QueueRig): Promise<Figures>;
}

export interface QueueRig {
  readonly seconds: number;
  readonly repetitions: number;
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
  /** Process ids of the set's members. */
  readonly memberPids: readonly number[];
  /** Empty, with the production schema; dropped with all that was opened on it. */
  openDatabase(): Promise<BenchDatabase>;
  fail(what: string): void;
}

export interface BenchDatabase extends AsyncDisposable {
  readonly name: string;
  readonly uri: string;
  /** A store with a connection pool and writers of its own: a process as far as the set can tell. */
  openStore(options?: { readonly writers?: number }): Promise<Store>;
  /** A client of its own for what is compared with the store. */
  openClient(options?: MongoClientOptions): Promise<MongoClient>;
}

/** Steps in flight of one store, unless a part says otherwise. */
const WRITERS = 8;

export interface OpenRig extends AsyncDisposable {
  readonly rig: QueueRig;
  readonly failures: readonly string[];
}

/** A new set for the part of this name. Disposing it stops the members and removes their data. */
export async function openRig(options: BenchOptions, part: string): Promise<OpenRig> {
  const { path: mongodPath } = await findTool("mongod");
  const dataDir = join(options.dataDir, `set-of-${part}`);
  const set = await openReplicaSet({ name: SET, region: REGION, dataDir, mongodPath, users: [] });
  const failures: string[] = [];
  let databases = 0;
  const rig: QueueRig = {
    seconds: options.seconds,
    repetitions: options.repetitions,
    signal: options.signal,
    say: options.say,
    memberPids: set.members.flatMap(({ pid }) => pid ?? []),
    openDatabase: () => openDatabase(set, `bench_${++databases}`, options.signal),
    fail(what) {
      if (failures.length < FAILURES_MAX) failures.push(what);
    },
  };
  return {
    rig,
    failures,
    async [Symbol.asyncDispose]() {
      await set[Symbol.asyncDispose]();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

async function openDatabase(set: ReplicaSet, name: string, signal: AbortSignal): Promise<BenchDatabase> {
  signal.throwIfAborted();
  const uri = set.adminUri;
  await using opening = new AsyncDisposableStack();
  const admin = opening.use(await new MongoClient(uri).connect());
  opening.defer(async () => {
    await admin.db(name).dropDatabase();
  });
  await setupMongoSchema(admin.db(name));
  const held = opening.move();
  return {
    name,
    uri,
    async openStore({ writers = WRITERS } = {}) {
      const process = { clock: systemClock, random: systemRandom, log: silentLogger, owner: "bench", writers };
      return held.use(await openMongoStore({ set: SET, region: REGION, uri, database: name, ...process }));
    },
    async openClient(options = {}) {
      // A write that is retried by the driver stores an image of every document it claims: ours does not either.
      const client = new MongoClient(uri, { retryWrites: false, ...DURABLE, ...options });
      return held.use(await client.connect());
    },
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}
