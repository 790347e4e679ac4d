/**
 * The database users and roles of a replica set, brought to the wanted state on each opening. All live in `admin`.
 * Nothing is ever dropped: a user that is no longer wanted keeps its rights until someone removes it by hand.
 */
import { type Db, type Document, MongoClient, MongoServerError } from "mongodb";

/** The superuser of our own, whose random password lies in the data folder. */
export const ADMIN_USER = "godwit-admin";
const AUTHENTICATION_FAILED = 18;
const DUPLICATE_KEY_CODES: readonly unknown[] = [51002, 51003]; // role, user exists

/** A role of `admin` by name, or of another database. */
export type RoleName = string | { readonly role: string; readonly db: string };

export interface MongoUser {
  readonly name: string;
  readonly password: string;
  readonly roles: readonly RoleName[];
}

/** A role of our own; `privileges` as createRole takes them. A role may inherit from those that stand before it. */
export interface MongoRole {
  readonly role: string;
  readonly db: "admin";
  readonly privileges: readonly Document[];
  readonly roles: readonly RoleName[];
}

export interface Provision {
  readonly primaryPort: number;
  readonly adminUri: string;
  readonly adminPassword: string;
  readonly users: readonly MongoUser[];
  readonly roles: readonly MongoRole[];
}

/**
 * Creates or updates the superuser, the roles in their order, then the users, and makes majority the default write
 * concern.
 */
export async function provisionUsers(provision: Provision): Promise<void> {
  await ensureAdmin(provision);
  await using client = await new MongoClient(provision.adminUri).connect();
  const admin = client.db("admin");
  for (const { role, privileges, roles } of provision.roles) {
    await createOrUpdate(admin, "Role", role, { privileges, roles });
  }
  for (const { name, password, roles } of provision.users) {
    await createOrUpdate(admin, "User", name, { pwd: password, roles, mechanisms: ["SCRAM-SHA-256"] });
  }
  const defaults = await admin.command({ getDefaultRWConcern: 1 });
  if (defaults.defaultWriteConcernSource === "global") return;
  await admin.command({
    setDefaultRWConcern: 1,
    defaultWriteConcern: { w: "majority" },
    writeConcern: { w: "majority" },
  });
}

/** The first user of a set can be made without a login, from this machine, at the primary: the localhost exception. */
async function ensureAdmin({ primaryPort, adminUri, adminPassword }: Provision): Promise<void> {
  if (await canLogIn(adminUri)) return;
  await using client = await new MongoClient(`mongodb://127.0.0.1:${primaryPort}/?directConnection=true`).connect();
  await client.db("admin").command({
    createUser: ADMIN_USER,
    pwd: adminPassword,
    roles: ["root"],
    mechanisms: ["SCRAM-SHA-256"],
    writeConcern: { w: "majority" },
  });
}

async function canLogIn(uri: string): Promise<boolean> {
  const client = new MongoClient(uri);
  try {
    await client.connect();
    return true;
  } catch (error) {
    if (error instanceof MongoServerError && error.code === AUTHENTICATION_FAILED) return false;
    throw error;
  } finally {
    await client.close();
  }
}

async function createOrUpdate(admin: Db, kind: "Role" | "User", name: string, fields: Document): Promise<void> {
  const writeConcern = { w: "majority" };
  try {
    await admin.command({ [`create${kind}`]: name, ...fields, writeConcern });
  } catch (error) {
    if (!(error instanceof MongoServerError && DUPLICATE_KEY_CODES.includes(error.code))) throw error;
    await admin.command({ [`update${kind}`]: name, ...fields, writeConcern });
  }
}
