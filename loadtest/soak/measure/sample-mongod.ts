/**
 * Every mongod of every set, each asked directly as an administrator. One that is away says `up` 0, and the others are
 * asked all the same.
 */
import { MongoClient, MongoServerError } from "mongodb";
import type { ReplicaSet } from "#testkit/replica-set.ts";
import { type Answer, parseServerStatus, parseSetStatus } from "./parse-member.ts";
import type { SampleSource, SampleValues } from "./sample-source.ts";

/** About twelve members of thirty figures each. */
const BYTES_MAX = 14_336;
const EVERY = 1;
/** A member that is stopped or dead must not hold up the others for longer. */
const ANSWER_MS_MAX = 2_000;
/** Unauthorized, AuthenticationFailed, FailedToParse, CommandNotFound. */
const REFUSALS: readonly number[] = [13, 18, 9, 59];
/** Sections that cost the server more than the rest together, and say nothing that is kept. */
const WITHOUT = { metrics: 0, tcmalloc: 0, locks: 0, shardingStatistics: 0, sharding: 0, transportSecurity: 0 };

/**
 * Figures by `SET.MEMBER`, a member's number from 0: those of parse-member.ts and `up`; by `SET` its size on the
 * primary: `dataBytes`, `storageBytes`, `indexBytes`, `collections`. Sets that are added later are not seen. Dispose it
 * before the sets.
 */
export function createMongodSource(options: {
  readonly sets: readonly ReplicaSet[];
  /** Whose size is measured. */
  readonly database: string;
}): SampleSource & AsyncDisposable {
  const members = options.sets.flatMap((set) =>
    set.members.map(({ index, port }) => ({
      name: `${set.name}.${index}`,
      set: set.name,
      client: openMember(set.adminUri, port),
    })),
  );
  return {
    name: "mongod",
    bytesMax: BYTES_MAX,
    every: EVERY,
    async sample() {
      const parts = await Promise.all(
        members.map(async ({ name, set, client }) => {
          const found = await askMember(client, options.database).catch(undefinedIfAway);
          if (found === undefined) return { [`${name}.up`]: 0 };
          return { [`${name}.up`]: 1, ...prefixed(name, found.member), ...prefixed(set, found.size) };
        }),
      );
      return Object.assign({}, ...parts) as SampleValues;
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(members.map(({ client }) => client.close()));
    },
  };
}

/** What a member refuses us is our mistake and must be seen; a refusal because it is on its way up or down is not. */
function undefinedIfAway(error: unknown): undefined {
  if (error instanceof MongoServerError && REFUSALS.includes(Number(error.code))) throw error;
}

/** That member and no other, past any proxy. */
function openMember(adminUri: string, port: number): MongoClient {
  const uri = adminUri.replace(/@[^/]+\//, `@127.0.0.1:${port}/`).replace(/([?&])replicaSet=[^&]*&?/, "$1");
  return new MongoClient(uri, {
    directConnection: true,
    maxPoolSize: 2,
    serverSelectionTimeoutMS: ANSWER_MS_MAX,
    connectTimeoutMS: ANSWER_MS_MAX,
    socketTimeoutMS: ANSWER_MS_MAX,
  });
}

async function askMember(
  client: MongoClient,
  database: string,
): Promise<{ readonly member: SampleValues; readonly size: SampleValues }> {
  const ask = (command: Answer): Promise<Answer> => client.db("admin").command(command);
  const [status, set] = await Promise.all([
    ask({ serverStatus: 1, oplog: 1, ...WITHOUT }),
    ask({ replSetGetStatus: 1 }),
  ]);
  const setStatus = parseSetStatus(set);
  const size = setStatus.state === 1 ? await measureDatabase(client, database) : {};
  return { member: { ...parseServerStatus(status), ...setStatus }, size };
}

async function measureDatabase(client: MongoClient, database: string): Promise<SampleValues> {
  const { dataSize, storageSize, indexSize, collections } = await client.db(database).stats();
  return {
    dataBytes: Number(dataSize),
    storageBytes: Number(storageSize),
    indexBytes: Number(indexSize),
    collections: Number(collections),
  };
}

function prefixed(prefix: string, values: SampleValues): SampleValues {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [`${prefix}.${name}`, value]));
}
