/**
 * The servers that tests use. The test runner starts them once and tells every test file through the environment; a
 * file that is run alone starts its own and stops them. Each caller gets databases of its own, so files run in
 * parallel.
 */
import { randomBytes } from "node:crypto";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { MongoClient } from "mongodb";
import { openPostgres } from "./postgres.ts";
import { createDatabase, dropDatabase } from "./postgres-statements.ts";
import { openReplicaSet } from "./replica-set.ts";
import { findTool } from "./tools.ts";

/** Holds the JSON of SharedServers.env. */
export const TEST_SERVERS_VARIABLE = "GODWIT_TEST_SERVERS";

/** Two sets in one region, two in another: near and far, with a choice in both. */
const SETS = [
  { name: "syd1", region: "syd" },
  { name: "syd2", region: "syd" },
  { name: "lon1", region: "lon" },
  { name: "lon2", region: "lon" },
] as const;

export interface TestSet {
  readonly name: string;
  readonly region: string;
  /** Connection string of a superuser. */
  readonly uri: string;
  /** Empty, and dropped at the end. */
  readonly database: string;
}

export interface TestServers extends AsyncDisposable {
  readonly sets: readonly TestSet[];
  /** Connection string of a superuser, to an empty database that is dropped at the end; throws unless asked for. */
  readonly postgresUri: string;
}

export interface TestServersOptions {
  /** How many replica sets, at most four: syd1, syd2, lon1, lon2. */
  readonly sets: number;
  readonly postgres: boolean;
  readonly log?: (line: string) => void;
  readonly env?: Readonly<Record<string, string | undefined>>;
}

export interface SharedServers extends AsyncDisposable {
  /** For the environment variable GODWIT_TEST_SERVERS of the test processes. */
  readonly env: string;
}

interface Running {
  readonly sets: readonly Omit<TestSet, "database">[];
  readonly postgresUri?: string;
}

/**
 * Gives the caller its own databases on the servers of the test run, or on new servers where there is no run. Dispose
 * to drop the databases, and to stop the servers if they are its own. Throws when the run has fewer servers than asked
 * for.
 */
export async function openTestServers(options: TestServersOptions): Promise<TestServers> {
  const shared = (options.env ?? process.env)[TEST_SERVERS_VARIABLE];
  await using opening = new AsyncDisposableStack();
  const running = shared ? (JSON.parse(shared) as Running) : await startServers(options, opening);
  if (running.sets.length < options.sets) {
    throw new Error(`Cannot give ${options.sets} sets to a test: the test run has started ${running.sets.length}`);
  }
  const database = `test_${randomBytes(8).toString("hex")}`;
  const sets = running.sets.slice(0, options.sets).map((set) => ({ ...set, database }));
  opening.defer(async () => {
    await Promise.all(sets.map(dropMongoDatabase));
  });
  const postgresUri = options.postgres
    ? await createPostgresDatabase(running.postgresUri, database, opening)
    : undefined;
  const held = opening.move();
  return {
    sets,
    get postgresUri() {
      if (postgresUri === undefined)
        throw new Error("PostgreSQL was not asked for: openTestServers({ postgres: true })");
      return postgresUri;
    },
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}

/** Starts the servers of a whole test run in a temporary folder. Dispose to stop them and remove the folder. */
export async function startSharedServers(
  options: TestServersOptions = { sets: 2, postgres: true },
): Promise<SharedServers> {
  await using opening = new AsyncDisposableStack();
  const running = await startServers(options, opening);
  const held = opening.move();
  return { env: JSON.stringify(running), [Symbol.asyncDispose]: () => held.disposeAsync() };
}

/** Starts all in parallel; whatever has started is handed to `opening`, also when another one fails. */
async function startServers(options: TestServersOptions, opening: AsyncDisposableStack): Promise<Running> {
  const log = options.log ?? (() => undefined);
  if (options.sets > SETS.length)
    throw new Error(`Cannot start ${options.sets} sets: there are names for ${SETS.length}`);
  const dir = mkdtempSync(join(tmpdir(), "godwit-test-"));
  opening.defer(() => rmSync(dir, { recursive: true, force: true }));
  chmodSync(dir, 0o711); // PostgreSQL may have to run under another account
  const mongodPath = options.sets === 0 ? "" : (await findTool("mongod", { onProgress: log })).path;
  const startSet = async ({ name, region }: (typeof SETS)[number]): Promise<Omit<TestSet, "database">> => {
    const set = await openReplicaSet({ name, region, dataDir: join(dir, name), mongodPath, users: [], log });
    opening.use(set);
    return { name, region, uri: set.adminUri };
  };
  const startPostgres = async (): Promise<string> => {
    const binDir = dirname((await findTool("postgres", { onProgress: log })).path);
    const server = await openPostgres({ dataDir: join(dir, "postgres"), binDir, durable: false, log });
    opening.defer(() => rmSync(server.dataDir, { recursive: true, force: true })); // it may lie elsewhere
    opening.use(server);
    return server.adminUri;
  };
  const starting = {
    sets: SETS.slice(0, options.sets).map(startSet),
    postgres: options.postgres ? startPostgres() : undefined,
  };
  await Promise.allSettled([...starting.sets, starting.postgres]);
  const sets = await Promise.all(starting.sets);
  const postgresUri = await starting.postgres;
  return postgresUri === undefined ? { sets } : { sets, postgresUri };
}

async function createPostgresDatabase(
  adminUri: string | undefined,
  database: string,
  opening: AsyncDisposableStack,
): Promise<string> {
  if (adminUri === undefined) throw new Error("Cannot give PostgreSQL to a test: the test run has started none");
  await createDatabase(adminUri, database);
  opening.defer(() => dropDatabase(adminUri, database));
  const uri = new URL(adminUri);
  uri.pathname = `/${database}`;
  return uri.href;
}

async function dropMongoDatabase({ uri, database }: TestSet): Promise<void> {
  const client = new MongoClient(uri);
  try {
    await client.db(database).dropDatabase();
  } finally {
    await client.close();
  }
}
