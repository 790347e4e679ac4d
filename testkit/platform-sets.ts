/** The replica sets of a platform: schema, a database user for each role with its rights only, how each is reached. */
import { join } from "node:path";
import { MongoClient } from "mongodb";
import type { SetConfig } from "#core/config/sets.ts";
import { setupMongoSchema } from "#core/store/mongo/schema.ts";
import { roleDefinition, type StoreRole, storeRoles } from "#core/store/mongo/store-roles.ts";
import { setIdSchema } from "#domain/ids.ts";
import type { PlatformPorts } from "./platform-ports.ts";
import type { PlatformSecrets } from "./platform-state.ts";
import { openReplicaSet, type ReplicaSet } from "./replica-set.ts";

/** The database in every set. */
export const DATABASE = "godwit";

export interface PlatformSet {
  readonly set: string;
  readonly region: string;
}

/** How the user of a role reaches a set, whether the set is up or not; `extra` are further options of the address. */
export function setConfig(
  { set, region }: PlatformSet,
  user: StoreRole,
  { ports, secrets }: { readonly ports: PlatformPorts; readonly secrets: PlatformSecrets },
  extra: Readonly<Record<string, string>> = {},
): SetConfig {
  const hosts = (ports.advertised?.[set] ?? ports.members[set] ?? []).map((port) => `127.0.0.1:${port}`).join(",");
  const query = new URLSearchParams({ replicaSet: set, authSource: "admin", ...extra });
  const uri = `mongodb://${user}:${secrets[user]}@${hosts}/?${query}`;
  return { set: setIdSchema.parse(set), region, uri, database: DATABASE };
}

/** Opens one set and brings its schema and users up to date. The caller disposes it; after an error nothing runs. */
export async function openPlatformSet(
  { set, region }: PlatformSet,
  options: {
    readonly dataDir: string;
    readonly ports: PlatformPorts;
    readonly secrets: PlatformSecrets;
    readonly mongodPath: string;
  },
): Promise<ReplicaSet> {
  const opened = await openReplicaSet({
    name: set,
    region,
    dataDir: join(options.dataDir, set),
    ports: options.ports.members[set],
    advertisedPorts: options.ports.advertised?.[set],
    mongodPath: options.mongodPath,
    users: storeRoles.map((role) => ({ name: role, password: options.secrets[role], roles: [`godwit_${role}`] })),
    customRoles: storeRoles.map((role) => ({ ...roleDefinition(role, DATABASE), db: "admin", roles: [] })),
  });
  try {
    await using client = await new MongoClient(opened.adminUri).connect();
    await setupMongoSchema(client.db(DATABASE));
    return opened;
  } catch (error) {
    await opened[Symbol.asyncDispose]();
    throw error;
  }
}
