/**
 * Collections, validators, indexes and months of a set, as this version of Godwit wants them. Run by `godwit schema`
 * with an administrator's connection string, by `godwit up` and by the tests; the roles' own users may not do it.
 * Idempotent, and safe while processes run or another run is at work: what is there already is left alone, what is new
 * comes before what is old goes, and the version is written last. It never removes data.
 */
import { type Db, type Document, MongoClient, MongoServerError } from "mongodb";
import { SEND_KEY_HOURS_MAX } from "#domain/limits.ts";
import {
  CLAIM_INDEX,
  type Collections,
  collectionNames,
  DEAD_INDEX,
  DEAD_INDEX_OPTIONS,
  OVERDUE_INDEX,
  openCollections,
  SEND_KEY_AGE_INDEX,
  SEND_KEY_INDEX,
} from "./documents.ts";
import { BEFORE_MONTHS, eventsCollection, grantedCollections, type Month, monthsAhead } from "./months.ts";
import { NAMESPACE_EXISTS, openMonths } from "./open-months.ts";
import { SCHEMA_VERSION } from "./set-schema.ts";
import { DUPLICATE_KEY } from "./store-error.ts";
import { checkedBy, eventsValidator, validators } from "./validators.ts";

const INDEX_NOT_FOUND = 27;
const SECONDS_PER_HOUR = 3_600;
/** Of version 0: what CLAIM_INDEX replaces. */
const OLD_CLAIM_INDEX = { lane: 1, at: 1 } as const;

export interface SchemaReport {
  /** The version that was found; 0: none. */
  readonly from: number;
  readonly to: number;
  /** Months that have a collection now. */
  readonly months: readonly Month[];
}

/** The set was set up by a later version of Godwit. */
class SchemaTooNewError extends Error {
  override readonly name = "SchemaTooNewError";
  readonly code = "schema_too_new";
  readonly retryable = false;

  constructor(database: string, version: number) {
    const known = `version ${version} and this program knows ${SCHEMA_VERSION}`;
    super(`Cannot set up the schema of ${database} as it is of ${known}: use a newer version of Godwit.`);
  }
}

/** Throws SchemaTooNewError, with nothing changed, or what the driver throws; then run it again. */
export async function setupMongoSchema(db: Db): Promise<SchemaReport> {
  const collections = openCollections(db);
  const { schema } = collections;
  const held = await schema.findOne({ _id: "schema" });
  const from = held?.version ?? 0;
  if (from > SCHEMA_VERSION) throw new SchemaTooNewError(db.databaseName, from);

  const there = await listValidated(db);
  await ensureCollections(db, there);
  await ensureIndexes(collections);
  await dropIndexIfThere(collections, OLD_CLAIM_INDEX);

  await schema
    .updateOne({ _id: "schema" }, { $setOnInsert: { version: 0, months: {} } }, { upsert: true })
    .catch(unless(DUPLICATE_KEY));
  const hello = await db.admin().command({ hello: 1 });
  const isFromBefore = held === null && there.has(eventsCollection(BEFORE_MONTHS));
  await openMonths(db, [...(isFromBefore ? [BEFORE_MONTHS] : []), ...monthsAhead((hello.localTime as Date).getTime())]);
  await schema.updateOne({ _id: "schema" }, { $max: { version: SCHEMA_VERSION } });
  const now = await schema.findOne({ _id: "schema" });
  return { from, to: SCHEMA_VERSION, months: Object.keys(now?.months ?? {}).toSorted() as Month[] };
}

/** The same for a connection string with an administrator's rights. */
export async function setupMongoSchemaAt(uri: string, database: string): Promise<SchemaReport> {
  const client = new MongoClient(uri);
  try {
    return await setupMongoSchema(client.db(database));
  } finally {
    await client.close();
  }
}

type Validated = ReadonlyMap<string, Document>;

/** The collections that are there, with their options. */
async function listValidated(db: Db): Promise<Validated> {
  const found = await db.listCollections({ type: "collection" }).toArray();
  return new Map(found.map((each) => [each.name, ("options" in each ? each.options : undefined) ?? {}]));
}

/** Months that are there already get this version's validator too. */
async function ensureCollections(db: Db, there: Validated): Promise<void> {
  const wanted = Object.entries(collectionNames).map(([key, name]) => {
    return [name, validators[key as keyof typeof validators]] as const;
  });
  const months = grantedCollections().filter((name) => there.has(name));
  const all = [...wanted, ...months.map((name) => [name, eventsValidator] as const)];
  await Promise.all(
    all.map(([name, validator]) => ensureCollection(db, { name, validator, options: there.get(name) })),
  );
}

/** A validator is set only where it differs: it waits for transactions on its collection, and others wait for it. */
async function ensureCollection(
  db: Db,
  {
    name,
    validator,
    options,
  }: { readonly name: string; readonly validator: Document; readonly options: Document | undefined },
): Promise<void> {
  const wanted = checkedBy(validator);
  if (options === undefined) {
    await db.createCollection(name, wanted).catch(unless(NAMESPACE_EXISTS));
    return;
  }
  const isSame = Object.entries(wanted).every(([key, value]) => JSON.stringify(options[key]) === JSON.stringify(value));
  if (!isSame) await db.command({ collMod: name, ...wanted });
}

/** Built while others write; a build that another run has begun is waited for. */
async function ensureIndexes({ chunks, sendKeys }: Collections): Promise<void> {
  await Promise.all([
    chunks.createIndex(CLAIM_INDEX),
    chunks.createIndex(DEAD_INDEX, DEAD_INDEX_OPTIONS),
    chunks.createIndex(OVERDUE_INDEX, { sparse: true }),
    sendKeys.createIndex(SEND_KEY_INDEX, { unique: true }),
    sendKeys.createIndex(SEND_KEY_AGE_INDEX, { expireAfterSeconds: SEND_KEY_HOURS_MAX * SECONDS_PER_HOUR }),
  ]);
}

async function dropIndexIfThere({ chunks }: Collections, key: Document): Promise<void> {
  for (const index of await chunks.indexes()) {
    if (JSON.stringify(index.key) !== JSON.stringify(key) || index.name === undefined) continue;
    await chunks.dropIndex(index.name).catch(unless(INDEX_NOT_FOUND));
  }
}

/** For `catch`: somebody else has done the same. */
function unless(code: number): (error: unknown) => void {
  return (error) => {
    if (!(error instanceof MongoServerError && error.code === code)) throw error;
  };
}
