/**
 * A real PostgreSQL server on this machine: closed → open → closed, its data folder found again on the next opening.
 * Logins are by password (scram-sha-256), connections from this machine only, and by default it is as durable as in
 * production.
 */
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { lockDataDir } from "./data-dir-lock.ts";
import { assertPortFree, freePorts } from "./ports.ts";
import { choosePostgresHome, type PostgresHome } from "./postgres-account.ts";
import { ensureCluster, SUPERUSER } from "./postgres-cluster.ts";
import {
  createDatabase,
  createRole,
  type DatabaseOptions,
  dropDatabase,
  type RoleOptions,
  runStatement,
} from "./postgres-statements.ts";
import { childrenOf, isAlive, stopLeftover } from "./process-table.ts";
import { type ServerProcess, STOP_GRACE_MS, startServerProcess } from "./server-process.ts";
import { ServerStartError } from "./server-start-error.ts";
import { until } from "./until.ts";

/** Recovery after a crash replays the log first. */
const SERVE_BOUND_MS = 60_000;
const CHILDREN_BOUND_MS = 10_000;

export interface PostgresOptions {
  readonly dataDir: string;
  /** Default: a free one. */
  readonly port?: number | undefined;
  /** The folder of postgres and initdb. */
  readonly binDir: string;
  /**
   * False for tests that start many: nothing is synced, so a crash of the machine (not of the server) may destroy the
   * data.
   */
  readonly durable?: boolean;
  readonly log?: (line: string) => void;
}

export interface Postgres extends AsyncDisposable {
  readonly port: number;
  /** Undefined while it is down. */
  readonly pid: number | undefined;
  /** The folder in use, which is not the one asked for where root's PostgreSQL account could not reach that. */
  readonly dataDir: string;
  readonly logFile: string;
  /** Connection string of the superuser, to database `postgres`. */
  readonly adminUri: string;
  /** Connection string of the superuser or of a role given to createRole() since this opening. */
  uri(user: string, database: string): string;
  /** Creates a database, as a copy of `template` where given; one that exists stays as it is. */
  createDatabase(name: string, options?: DatabaseOptions): Promise<void>;
  /** Drops a database and whoever is connected to it; no effect when there is none. */
  dropDatabase(name: string): Promise<void>;
  /** Creates a role that can log in, or gives it this password; `memberOf` names roles whose rights it gets. */
  createRole(name: string, options: RoleOptions): Promise<void>;
  /** SIGKILL of the server and its children, like a crash; returns once they are gone. */
  kill(): Promise<void>;
  /** Starts it, after a clean stop if it runs; returns once it answers. */
  restart(): Promise<void>;
}

/**
 * Opens the server in `dataDir`, making its data there the first time. A server that a dead run left on it is stopped
 * first. Dispose to stop it cleanly; the data stays. As root see choosePostgresHome(). Throws DataInUseError,
 * PortTakenError or ServerStartError, and leaves nothing running then.
 */
export async function openPostgres(options: PostgresOptions): Promise<Postgres> {
  const log = options.log ?? (() => undefined);
  const home = await choosePostgresHome({ dataDir: resolve(options.dataDir), binDir: resolve(options.binDir) }, log);
  await using opening = new AsyncDisposableStack();
  opening.use(lockDataDir(home.dataDir));
  const cluster = join(home.dataDir, "cluster");
  await stopLeftoverPostgres(cluster);
  const password = await ensureCluster(home, cluster);
  const port = options.port ?? (await freePorts(1))[0] ?? 0;
  const logFile = join(home.dataDir, "postgres.log");
  const passwords = new Map([[SUPERUSER, password]]);
  const uri = (user: string, database: string): string => {
    const known = passwords.get(user);
    if (known === undefined)
      throw new Error(`Cannot make an address as role ${user} was not created since this opening`);
    const [name, secret, path] = [user, known, database].map(encodeURIComponent);
    return `postgres://${name}:${secret}@127.0.0.1:${port}/${path}`;
  };
  const adminUri = uri(SUPERUSER, "postgres");
  const start = (): Promise<ServerProcess> =>
    startPostgres({ home, cluster, port, logFile, adminUri, durable: options.durable ?? true });
  let running = await start();
  const up = (): ServerProcess | undefined => (running.exit ? undefined : running);
  opening.defer(async () => up()?.stop());
  log(`PostgreSQL is up on port ${port}`);
  const held = opening.move();
  return {
    port,
    get pid() {
      return up()?.pid;
    },
    dataDir: home.dataDir,
    logFile,
    adminUri,
    uri,
    createDatabase: (name, options) => createDatabase(adminUri, name, options),
    dropDatabase: (name) => dropDatabase(adminUri, name),
    createRole: async (name, role) => {
      await createRole(adminUri, name, role);
      passwords.set(name, role.password);
    },
    kill: async () => {
      const server = up();
      if (server) await killWithChildren(server);
    },
    restart: async () => {
      await up()?.stop();
      running = await start();
    },
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}

interface Start {
  readonly home: PostgresHome;
  readonly cluster: string;
  readonly port: number;
  readonly logFile: string;
  readonly adminUri: string;
  readonly durable: boolean;
}

async function startPostgres(options: Start): Promise<ServerProcess> {
  await assertPortFree(options.port);
  const settings = {
    port: options.port,
    listen_addresses: "127.0.0.1",
    unix_socket_directories: "",
    // Commits still reach the kernel before they are answered, so even then a killed server loses nothing.
    ...(options.durable ? {} : { fsync: "off", full_page_writes: "off" }),
  };
  const server = await startServerProcess({
    path: join(options.home.binDir, "postgres"),
    args: ["-D", options.cluster, ...Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`])],
    mark: options.cluster,
    logFile: options.logFile,
    stopSignal: "SIGINT", // "fast": ends sessions, writes a checkpoint
    uid: options.home.account?.uid,
    gid: options.home.account?.gid,
  });
  const serves = async (): Promise<boolean | undefined> => {
    if (server.exit) return false;
    return runStatement(options.adminUri, "select 1").then(
      () => true,
      () => undefined,
    );
  };
  const served = await until("PostgreSQL to answer", SERVE_BOUND_MS, serves).catch(() => false);
  if (served) return server;
  const error = new ServerStartError("PostgreSQL", options.logFile, server);
  await killWithChildren(server);
  throw error;
}

/** A postmaster's children notice its death only after a while, and until then nothing else can start on its data. */
async function killWithChildren(server: ServerProcess): Promise<void> {
  const children = childrenOf(server.pid);
  await server.kill();
  for (const child of children.filter(isAlive)) {
    try {
      process.kill(child, "SIGKILL");
    } catch {
      // gone in the meantime
    }
  }
  await until("the children of PostgreSQL to go", CHILDREN_BOUND_MS, () => !children.some(isAlive) || undefined);
}

async function stopLeftoverPostgres(cluster: string): Promise<void> {
  const note = join(cluster, "postmaster.pid");
  if (!existsSync(note)) return;
  const pid = Number(readFileSync(note, "utf8").split("\n")[0]);
  if (pid > 0) await stopLeftover(pid, { argument: cluster, stopSignal: "SIGINT", graceMs: STOP_GRACE_MS });
}
