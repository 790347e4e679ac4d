/**
 * The model's queries and updates against a real mongod's: on the same random documents the driver's own shapes of
 * filters, updates, projections and pipelines find the same, count the same and leave the same behind.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import fc from "fast-check";
import { type Collection, type Document, Long, MongoClient } from "mongodb";
import { candidateFilter, overdueFilter } from "#core/store/mongo/claim.ts";
import { batchesAfter } from "#core/store/mongo/mongo-event-log.ts";
import { systemClock } from "#domain/clock.ts";
import type { Lane } from "#domain/lane.ts";
import { systemRandom } from "#domain/random.ts";
import { openTestServers, type TestServers } from "#testkit/servers.ts";
import { createSimReplicaSet } from "./sim-replica-set.ts";
import { createPerfectWire } from "./wire.ts";

/** Times are apart by this much, and the test is over in less: so `$$NOW` is one of them, whoever's clock it is. */
const STEP_MS = 600_000;
/** Of other documents each time. */
const RUNS = 40;
const start = systemClock.now();
const time = (steps: number): Date => new Date(start + steps * STEP_MS);

interface Row extends Document {
  readonly _id: string;
}
type Rows = Collection<Row>;

let servers: TestServers;
let client: MongoClient;

beforeAll(async () => {
  servers = await openTestServers({ sets: 1, postgres: false });
  client = new MongoClient(servers.sets[0]?.uri ?? "");
});
afterAll(async () => {
  await client.close();
  await servers[Symbol.asyncDispose]();
});

/** Names without a meaning to either side; few, so that they meet. */
const id = fc.constantFrom("w1:0001", "w1:0002", "w1:0003", "w2:0001", "w2:0002");
const number = fc.integer({ min: -1, max: 3 });
const date = fc.integer({ min: -3, max: 3 }).map(time);
const lane = fc.constantFrom("a" as Lane, "b" as Lane, "c" as Lane);
const token = fc.constantFrom("t1", "t2", null);
const keys = fc.uniqueArray(fc.constantFrom("k1", "k2", "k3"), { maxLength: 2 });
/** Missing, null or of another type now and then: where databases differ. */
const odd = <T>(usual: fc.Arbitrary<T>) => fc.oneof({ weight: 6, arbitrary: usual }, fc.constantFrom(null, "text", 0));
const fields = {
  lane: odd(lane),
  at: odd(date),
  actBy: odd(date),
  token,
  count: number,
  mark: odd(number),
  positions: number,
  deliveries: number,
  closed: fc.boolean(),
  keys,
  micros: fc.integer({ min: 0, max: 5 }).map((each) => Long.fromNumber(each)),
  settledBeyond: fc.array(number, { maxLength: 2 }),
  months: fc.dictionary(fc.constantFrom("2026-11", "2026-12"), date, { noNullPrototype: true }),
};
const document = fc.record(fields, {
  requiredKeys: ["keys", "deliveries", "count", "positions"],
  noNullPrototype: true,
});
const documents = fc.uniqueArray(fc.tuple(id, document), { selector: ([each]) => each, maxLength: 5 });

const isReady = { $expr: { $lte: ["$at", "$$NOW"] } };
const lanes = fc.uniqueArray(lane, { minLength: 1 });
const lease = fc.record({ _id: id, token }, { noNullPrototype: true });
const filter: fc.Arbitrary<Document> = fc.oneof(
  fc.constant({}),
  id.map((_id) => ({ _id })),
  id.map((_id) => ({ _id, ...isReady })),
  lease,
  fc.array(lease, { minLength: 1, maxLength: 3 }).map(($or) => ({ $or })),
  fc.array(id, { maxLength: 3 }).map(($in) => ({ _id: { $in }, ...isReady })),
  fc.tuple(fc.array(id, { maxLength: 3 }), token).map(([$in, each]) => ({ _id: { $in }, token: each })),
  fc.tuple(lanes, fc.option(date, { nil: undefined })).map(([each, from]) => {
    return candidateFilter(each, start + STEP_MS / 2, from?.getTime());
  }),
  fc.constant(overdueFilter),
  fc.constant(batchesAfter([["w1", 1]])),
  fc.constant(
    batchesAfter([
      ["w1", 0],
      ["w2", 0],
    ]),
  ),
  id.map((each) => ({ _id: { $gt: each } })),
  id.map((each) => ({ _id: { $gt: each, $lt: "w2;" } })),
  fc.constantFrom("k1", "k2").map((each) => ({ keys: each })),
  keys.map(($in) => ({ keys: { $in } })),
  number.map((each) => ({ micros: { $gte: Long.fromNumber(each) } })),
  fc.boolean().map((closed) => ({ closed })),
  fc.constant({ closed: false, $expr: { $lt: ["$at", { $subtract: ["$$NOW", STEP_MS] }] } }),
  fc.constant({ token: { $in: ["t1", null] } }),
);

const newer = (at: number) => ({ $gt: [at, { $ifNull: ["$count", -1] }] });
const isNumber = (field: string) => ({ $cond: [{ $and: [{ $gt: [field, -9] }, { $lt: [field, "a"] }] }, field, 0] });
const update: fc.Arbitrary<Document | Document[]> = fc.oneof(
  fc.constant([
    {
      $set: {
        at: { $add: ["$$NOW", STEP_MS] },
        token: "t3",
        deliveries: { $add: ["$deliveries", 1] },
        priorMark: "$mark",
        mark: { $min: ["$positions", { $add: [isNumber("$mark"), 1] }] },
      },
    },
  ]),
  fc.constant([{ $set: { at: { $add: ["$$NOW", STEP_MS] }, token: null, owner: null } }]),
  number.map((n) => [
    { $set: { closed: { $cond: [newer(n), true, "$closed"] }, count: { $cond: [newer(n), n, "$count"] } } },
  ]),
  fc.constant([{ $set: { body: { $cond: [newer(1), { $literal: "$not a field" }, "$body"] } } }]),
  fc.constant([{ $set: { "months.2027-01": { $ifNull: ["$months.2027-01", "$$NOW"] } } }]),
  fc.constant([{ $set: { "months.2026-11": { $ifNull: ["$months.2026-11", "$$NOW"] } } }]),
  fc
    .tuple(number, fc.array(number))
    .map(([n, settledBeyond]) => ({ $max: { mark: n, count: n }, $set: { settledBeyond } })),
  number.map((n) => ({ $inc: { micros: Long.fromNumber(n).negate() } })),
  fc.constant({ $set: { closed: true } }),
  fc.constant({ $unset: { "months.2026-11": "" } }),
  date.map((keptSince) => ({ $max: { keptSince } })),
  fc.constant({ $setOnInsert: { count: 7 } }),
);

const projection = fc.constantFrom<Document | undefined>(
  undefined,
  { keys: 0 },
  { lane: 1, at: 1, count: 1, _id: 1 },
  { token: 1 },
  { _id: 1 },
  { count: 1, months: 1, now: "$$NOW" },
);
const sort = fc.constantFrom<Document>({ _id: 1 }, { _id: -1 });

/** One run: the same documents on both sides, then one question. */
async function onBoth<T>(rows: readonly Row[], ask: (collection: Rows) => Promise<T>): Promise<[T, T]> {
  const name = `differential_${systemRandom.fraction().toString(36).slice(2)}`;
  const simulated = createSimReplicaSet({
    name: "sim",
    clock: systemClock,
    random: systemRandom,
    replicationMs: { min: 0, max: 0 },
  });
  const sides = [client.db(servers.sets[0]?.database), simulated.connect(createPerfectWire()).db("sim")];
  const [real, model] = sides.map((db) => db.collection<Row>(name));
  if (real === undefined || model === undefined) throw new Error("There are two sides");
  for (const row of rows) await Promise.all([real.insertOne({ ...row }, W1), model.insertOne({ ...row }, W1)]);
  const answers: [T, T] = [await ask(real), await ask(model)];
  await real.drop();
  return answers;
}
const W1 = { writeConcern: { w: 1 } } as const;

const toRows = (rows: readonly [string, Document][]): Row[] => rows.map(([_id, each]) => ({ ...each, _id }));

/** Times to the nearest step, as $$NOW is not the same on both sides; keys of objects in order. */
function comparable(value: unknown): unknown {
  if (value instanceof Date) return `step ${Math.round((value.getTime() - start) / STEP_MS)}`;
  if (value instanceof Long) return `long ${value}`;
  if (Array.isArray(value)) return value.map(comparable);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, each]) => [key, comparable(each)]));
}

const all = (collection: Rows) => collection.find({}, { promoteLongs: false, sort: { _id: 1 } }).toArray();

function check<Ts extends [unknown, ...unknown[]]>(
  arbitraries: { [K in keyof Ts]: fc.Arbitrary<Ts[K]> },
  ask: (collection: Rows, ...args: Ts) => Promise<unknown>,
): Promise<void> {
  const run = async (rows: [string, Document][], args: Ts): Promise<void> => {
    const [real, model] = await onBoth(toRows(rows), (collection) => ask(collection, ...args));
    expect(comparable(model)).toEqual(comparable(real));
  };
  const property = fc.asyncProperty(documents, fc.tuple<Ts>(...(arbitraries as never)), run);
  return fc.assert(property, { numRuns: RUNS });
}

const refused = (error: unknown) => ({ code: (error as { readonly code?: number }).code });

test("find: the same documents, in the same order, in the same shape", async () => {
  await check<[Document, Document | undefined, Document, number]>(
    [filter, projection, sort, fc.integer({ min: 0, max: 3 })],
    (collection, asked, shape, order, limit) => {
      const options = { sort: order as { _id: 1 }, limit, ...(shape === undefined ? {} : { projection: shape }) };
      return collection.find(asked, options).toArray();
    },
  );
}, 120_000);

test("updateMany and updateOne: the same counts, and the same documents afterwards", async () => {
  await check<[Document, Document | Document[], boolean]>(
    [filter, update, fc.boolean()],
    async (collection, asked, change, isMany) => {
      const run = isMany ? collection.updateMany.bind(collection) : collection.updateOne.bind(collection);
      const reply = await run(isMany ? asked : { ...asked, _id: "w1:0001" }, change as Document, W1).catch(refused);
      if ("code" in reply) return reply;
      const { matchedCount, modifiedCount, upsertedCount } = reply;
      return [matchedCount, modifiedCount, upsertedCount, await all(collection)];
    },
  );
}, 120_000);

test("an upsert inserts what the filter and the update say", async () => {
  await check<[string, Document | Document[]]>([id, update], async (collection, _id, change) => {
    await collection.updateOne({ _id }, change as Document, { upsert: true, ...W1 });
    return all(collection);
  });
}, 120_000);

test("findOneAndUpdate gives the document as it is afterwards; deleteMany leaves the same ones", async () => {
  await check<[string, Document[], Document]>(
    [id, update.filter(Array.isArray) as fc.Arbitrary<Document[]>, filter],
    async (collection, _id, change, gone) => {
      const options = { returnDocument: "after", ...W1 } as const;
      const found = await collection.findOneAndUpdate({ _id, ...isReady }, change, options);
      const { deletedCount } = await collection.deleteMany(gone, W1);
      return [found, deletedCount, await all(collection)];
    },
  );
}, 120_000);

test("the pipelines of the driver give the same rows", async () => {
  const elapsed = { $subtract: ["$$NOW", time(-1)] };
  const sums = { chunks: { $sum: 1 }, items: { $sum: "$count" }, oldest: { $max: "$positions" } };
  await check<[Document[]]>(
    [
      fc.constantFrom<Document[]>(
        [{ $group: { _id: "$closed", ...sums } }],
        [{ $project: { token: 1, closed: 1 } }],
        [{ $match: { closed: true } }, { $project: { _id: 1, lane: "$months.2026-11", late: { $lt: [0, elapsed] } } }],
      ),
    ],
    async (collection, pipeline) => {
      const rows = await collection.aggregate(pipeline).toArray();
      return rows.map((row) => JSON.stringify(comparable(row))).sort();
    },
  );
}, 120_000);
