/**
 * Collections, indexes and least-privilege roles of a set. Run by `godwit up`, the tests and an operator with an
 * administrator's URI; the roles' own users may not do any of it. Idempotent, and safe while processes run.
 */
import { type Db, MongoClient, MongoServerError } from "mongodb";
import { SEND_KEY_HOURS_MAX } from "#domain/limits.ts";
import {
  CLAIM_INDEX,
  collectionNames,
  DEAD_INDEX,
  DEAD_INDEX_OPTIONS,
  LOOKUP_INDEX,
  OVERDUE_INDEX,
  openCollections,
  SEND_KEY_AGE_INDEX,
  SEND_KEY_INDEX,
} from "./documents.ts";

const NAMESPACE_EXISTS = 48;
const SECONDS_PER_HOUR = 3_600;

export async function setupMongoSchema(db: Db): Promise<void> {
  for (const name of Object.values(collectionNames)) {
    await db.createCollection(name).catch((error: unknown) => {
      if (!(error instanceof MongoServerError && error.code === NAMESPACE_EXISTS)) throw error;
    });
  }
  const { chunks, events, sendKeys } = openCollections(db);
  await chunks.createIndex(CLAIM_INDEX);
  await chunks.createIndex(DEAD_INDEX, DEAD_INDEX_OPTIONS);
  await chunks.createIndex(OVERDUE_INDEX, { sparse: true });
  await sendKeys.createIndex(SEND_KEY_INDEX, { unique: true });
  await sendKeys.createIndex(SEND_KEY_AGE_INDEX, { expireAfterSeconds: SEND_KEY_HOURS_MAX * SECONDS_PER_HOUR });
  await events.createIndex(LOOKUP_INDEX);
}

/** The same for a connection string with an administrator's rights. */
export async function setupMongoSchemaAt(uri: string, database: string): Promise<void> {
  const client = new MongoClient(uri);
  try {
    await setupMongoSchema(client.db(database));
  } finally {
    await client.close();
  }
}

/** A process's part in the platform, and so its user in every set. */
export const storeRoles = ["edge", "worker", "connector", "projector"] as const;
export type StoreRole = (typeof storeRoles)[number];

type Action = "find" | "insert" | "update" | "remove" | "changeStream";
const { chunks, events, writers, directory, optOuts, sendKeys, allotments } = collectionNames;

/** What each role may do, by collection. Nobody may update or remove an event batch (invariant I4). */
const grants: Record<StoreRole, Readonly<Record<string, readonly Action[]>>> = {
  edge: {
    [chunks]: ["insert"],
    [events]: ["find", "insert"],
    [writers]: ["find", "insert", "update"],
    [directory]: ["find"],
    [sendKeys]: ["find", "insert"],
  },
  worker: {
    [chunks]: ["find", "insert", "update", "remove", "changeStream"],
    [allotments]: ["find", "insert", "update"],
    [events]: ["find", "insert"],
    [writers]: ["find", "insert", "update"],
    [directory]: ["find"],
    [optOuts]: ["find", "insert", "update"],
  },
  connector: {
    [chunks]: ["find", "insert", "update", "remove", "changeStream"],
    [events]: ["find", "insert"],
    [writers]: ["find", "insert", "update"],
    [directory]: ["find"],
    [optOuts]: ["find"],
  },
  projector: { [events]: ["find", "insert"], [writers]: ["find", "update"] },
};

export interface RoleDefinition {
  readonly role: string;
  readonly privileges: readonly {
    readonly resource: { readonly db: string; readonly collection: string };
    readonly actions: readonly Action[];
  }[];
}

/** The custom role of `role` on `database`, as `createRole` takes it. */
export function roleDefinition(role: StoreRole, database: string): RoleDefinition {
  const privileges = Object.entries(grants[role]).map(([collection, actions]) => ({
    resource: { db: database, collection },
    actions,
  }));
  return { role: `godwit_${role}`, privileges };
}
