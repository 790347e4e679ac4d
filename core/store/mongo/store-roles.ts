/**
 * What each role's database user may do in a set, and no more. Nobody may update or remove an event batch (invariant
 * I4): not even whoever opens months may do more to them than that.
 */
import { type Db, MongoServerError } from "mongodb";
import { collectionNames } from "./documents.ts";
import { grantedCollections } from "./months.ts";

/** A process's part in the platform, and so its user in every set. */
export const storeRoles = ["edge", "smpp", "worker", "connector", "projector", "operator"] as const;
export type StoreRole = (typeof storeRoles)[number];

type Action = "find" | "insert" | "update" | "remove" | "changeStream" | "createIndex";
const { chunks, writers, optOuts, sendKeys, allotments, registers, schema, standing } = collectionNames;
const { directoryHead, directoryRecords, directoryChanges } = collectionNames;

function directory(...actions: readonly Action[]): Readonly<Record<string, readonly Action[]>> {
  return { [directoryHead]: actions, [directoryRecords]: actions, [directoryChanges]: actions };
}

interface Grant {
  /** On the events of every month. Named one by one: a right on all collections would be one on money too. */
  readonly events: readonly Action[];
  readonly others: Readonly<Record<string, readonly Action[]>>;
}

const grants: Record<StoreRole, Grant> = {
  edge: {
    events: ["find", "insert"],
    others: {
      [chunks]: ["insert"],
      [writers]: ["find", "insert", "update"],
      ...directory("find"),
      [standing]: ["find"],
      [sendKeys]: ["find", "insert"],
      // Whether an account can pay at all.
      [allotments]: ["find"],
      [schema]: ["find"],
    },
  },
  // An edge that also works off what waits for its customers.
  smpp: {
    events: ["find", "insert"],
    others: {
      [chunks]: ["find", "insert", "update", "remove", "changeStream"],
      [writers]: ["find", "insert", "update"],
      ...directory("find"),
      [standing]: ["find"],
      [sendKeys]: ["find", "insert"],
      [allotments]: ["find"],
      [schema]: ["find"],
    },
  },
  worker: {
    // It opens the months to come; who may insert may make the collection.
    events: ["find", "insert", "createIndex"],
    others: {
      [chunks]: ["find", "insert", "update", "remove", "changeStream"],
      [allotments]: ["find", "insert", "update"],
      [writers]: ["find", "insert", "update"],
      // It copies the changes of the directory from set to set.
      ...directory("find", "insert", "update", "remove"),
      [standing]: ["find"],
      [optOuts]: ["find", "insert", "update"],
      // The turn of a scheduled message.
      [sendKeys]: ["find", "insert"],
      [schema]: ["find", "update"],
    },
  },
  connector: {
    events: ["find", "insert"],
    others: {
      [chunks]: ["find", "insert", "update", "remove", "changeStream"],
      [writers]: ["find", "insert", "update"],
      ...directory("find"),
      [standing]: ["find"],
      [optOuts]: ["find"],
      // Which process holds which bind of a provider.
      [registers]: ["find", "insert", "update"],
      [schema]: ["find"],
    },
  },
  projector: {
    events: ["find"],
    others: {
      [writers]: ["find"],
      ...directory("find"),
      // It is the first to see that a set has gone back in time, and says so there.
      [standing]: ["find", "insert", "update"],
      [schema]: ["find"],
    },
  },
  // A person's commands: the directory, the standing of a set, its opt-outs, what lies on lane `dead`.
  operator: {
    events: ["find", "insert"],
    others: {
      [chunks]: ["find", "insert", "update", "remove"],
      [writers]: ["find", "insert", "update"],
      ...directory("find", "insert", "update", "remove"),
      [optOuts]: ["find", "insert", "update"],
      [standing]: ["find", "insert", "update"],
      // Money that is paid in, lent or handed on, each once.
      [sendKeys]: ["find", "insert"],
      [allotments]: ["find", "insert", "update"],
      [schema]: ["find"],
    },
  },
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
  const { events, others } = grants[role];
  const byCollection = [...Object.entries(others), ...grantedCollections().map((name) => [name, events] as const)];
  const privileges = byCollection.map(([collection, actions]) => ({ resource: { db: database, collection }, actions }));
  return { role: `godwit_${role}`, privileges };
}

const ROLE_EXISTS = 51_002;

/** Creates or updates the roles on `database` in `admin`. Idempotent; users that have them keep them. */
export async function setupMongoRoles(admin: Db, database: string): Promise<void> {
  const writeConcern = { w: "majority" };
  for (const name of storeRoles) {
    const { role, privileges } = roleDefinition(name, database);
    try {
      await admin.command({ createRole: role, privileges, roles: [], writeConcern });
    } catch (error) {
      if (!(error instanceof MongoServerError && error.code === ROLE_EXISTS)) throw error;
      await admin.command({ updateRole: role, privileges, roles: [], writeConcern });
    }
  }
}
