/**
 * The data folder of a PostgreSQL server ("cluster" in its own words): absent → complete, never half.
 */
import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import type { PostgresHome } from "./postgres-account.ts";

const run = promisify(execFile);
const INITDB_BOUND_MS = 2 * 60_000;
const PASSWORD_BYTES = 24;

export const SUPERUSER = "postgres";

/**
 * Unicode text in an order that is the same on every machine (that of code points), by what the version and the system
 * offer: the first that initdb accepts is used.
 */
const LOCALES: readonly (readonly string[])[] = [
  ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"], // PostgreSQL 17 and newer
  ["--locale=C.UTF-8"],
  ["--locale=C"],
];

/** Data and programs are of different major versions, which PostgreSQL cannot bridge by itself. */
class PostgresVersionError extends Error {
  override readonly name = "PostgresVersionError";
  readonly code = "postgres_version";
  readonly retryable = false;
}

/**
 * Makes the cluster unless it is there, and returns the superuser's password, which is kept beside it for us alone.
 * Throws PostgresVersionError when the cluster is of another major version than the programs.
 */
export async function ensureCluster(home: PostgresHome, cluster: string): Promise<string> {
  const passwordFile = join(home.dataDir, "superuser-password");
  if (existsSync(join(cluster, "PG_VERSION"))) {
    await assertSameVersion(home, cluster);
    return readFileSync(passwordFile, "utf8");
  }
  chmodSync(home.dataDir, 0o711); // its account passes through to the cluster, and sees nothing else
  const password = randomBytes(PASSWORD_BYTES).toString("hex");
  writeFileSync(passwordFile, password, { mode: 0o600 });
  const unfinished = `${cluster}.new`;
  const handover = `${passwordFile}.initdb`;
  try {
    writeFileSync(handover, password, { mode: 0o600 });
    give(home, handover);
    await initialise(home, unfinished, handover);
  } finally {
    rmSync(handover, { force: true });
  }
  renameSync(unfinished, cluster);
  return password;
}

async function initialise(home: PostgresHome, folder: string, passwordFile: string): Promise<void> {
  let failure: unknown;
  for (const locale of LOCALES) {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { mode: 0o700 });
    give(home, folder);
    const args = ["-D", folder, "-U", SUPERUSER, "--encoding=UTF8", "--auth=scram-sha-256", `--pwfile=${passwordFile}`];
    try {
      await runAs(home, "initdb", [...args, ...locale]);
      return;
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}

async function assertSameVersion(home: PostgresHome, cluster: string): Promise<void> {
  const dataVersion = readFileSync(join(cluster, "PG_VERSION"), "utf8").trim();
  const programVersion = /\(PostgreSQL\) (\d+)/.exec(await runAs(home, "postgres", ["--version"]))?.[1];
  if (dataVersion === programVersion) return;
  throw new PostgresVersionError(
    `The data in ${cluster} is of PostgreSQL ${dataVersion}, ` +
      `but the programs in ${home.binDir} are of ${programVersion}: ` +
      `set GODWIT_POSTGRES to a PostgreSQL ${dataVersion}, or move the data away to start anew`,
  );
}

async function runAs(home: PostgresHome, program: string, args: readonly string[]): Promise<string> {
  const { stdout } = await run(join(home.binDir, program), args, {
    cwd: "/",
    timeout: INITDB_BOUND_MS,
    ...(home.account && { uid: home.account.uid, gid: home.account.gid }),
  });
  return stdout;
}

function give(home: PostgresHome, path: string): void {
  if (home.account) chownSync(path, home.account.uid, home.account.gid);
}
