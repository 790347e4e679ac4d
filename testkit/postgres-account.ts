/**
 * The system account that PostgreSQL runs under. It refuses to run as root, so where we are root (containers, CI) it
 * gets an unprivileged account and folders that this account can reach. We never create accounts on someone's machine.
 */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, existsSync, lstatSync, mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const PREFERRED = ["postgres", "nobody"];
/** Survives a restart of the machine, and everyone can pass through it. */
const REACHABLE_ROOT = "/var/tmp/godwit";

export interface Account {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/** Where PostgreSQL runs from and keeps its data, once both are within reach of its account. */
export interface PostgresHome {
  /** Undefined: under our own account. */
  readonly account: Account | undefined;
  readonly dataDir: string;
  readonly binDir: string;
}

/**
 * Decides on account and folders. As root: account `postgres`, else `nobody`; a data or program folder that it cannot
 * reach (below /root, say) is replaced by one below /var/tmp/godwit, named after the folder asked for, and `log` tells
 * so. Otherwise everything stays as asked.
 */
export async function choosePostgresHome(
  asked: { readonly dataDir: string; readonly binDir: string },
  log: (line: string) => void,
): Promise<PostgresHome> {
  if (process.getuid?.() !== 0) return { account: undefined, ...asked };
  const account = findAccount(readFileSync("/etc/passwd", "utf8"));
  mkdirSync(asked.dataDir, { recursive: true, mode: 0o711 });
  let { dataDir, binDir } = asked;
  if (!(await canReach(account, dataDir))) {
    dataDir = join(reachableRoot(), `data-${nameOf(asked.dataDir)}`);
    mkdirSync(dataDir, { recursive: true, mode: 0o711 });
    log(`PostgreSQL keeps its data in ${dataDir}: its account ${account.name} cannot reach ${asked.dataDir}`);
  }
  if (!(await canReach(account, join(binDir, "postgres")))) {
    binDir = copyPrograms(binDir);
    log(`PostgreSQL runs from ${binDir}: its account ${account.name} cannot reach ${asked.binDir}`);
  }
  return { account, dataDir, binDir };
}

/** The first of `postgres` and `nobody` in the text of /etc/passwd; throws when it has neither. */
export function findAccount(passwd: string): Account {
  const rows = passwd.split("\n").map((line) => line.split(":"));
  for (const wanted of PREFERRED) {
    const [name, , uid, gid] = rows.find((row) => row[0] === wanted) ?? [];
    if (name !== undefined && Number(uid) > 0) return { name, uid: Number(uid), gid: Number(gid) };
  }
  throw new Error(
    `PostgreSQL refuses to run as root, and there is no user ${PREFERRED.join(" or ")}: start Godwit as another user`,
  );
}

/** Asked of the system itself, under that account: modes alone would miss access lists and mount options. */
async function canReach(account: Account, path: string): Promise<boolean> {
  try {
    await run("/bin/sh", ["-c", 'test -x "$0"', path], { uid: account.uid, gid: account.gid, cwd: "/" });
    return true;
  } catch {
    return false;
  }
}

/** Programs, libraries and shared files belong together: the folder above `bin` is copied once. */
function copyPrograms(binDir: string): string {
  const source = dirname(binDir);
  const home = join(reachableRoot(), `programs-${nameOf(`${source} ${lstatSync(join(binDir, "postgres")).mtimeMs}`)}`);
  if (!existsSync(home)) {
    const temporary = `${home}.${process.pid}`;
    cpSync(source, temporary, { recursive: true, verbatimSymlinks: true });
    try {
      renameSync(temporary, home);
    } catch (error) {
      rmSync(temporary, { recursive: true, force: true });
      if (!existsSync(home)) throw error;
    }
  }
  return join(home, "bin");
}

/** Anyone may write to /var/tmp: what is there under our name counts only if it is root's own folder. */
function reachableRoot(): string {
  mkdirSync(REACHABLE_ROOT, { recursive: true, mode: 0o755 });
  const found = lstatSync(REACHABLE_ROOT);
  if (found.isDirectory() && found.uid === 0) return REACHABLE_ROOT;
  throw new Error(
    `${REACHABLE_ROOT} is not a folder of root's: remove it, or choose a data directory outside of /root`,
  );
}

function nameOf(path: string): string {
  return createHash("sha256").update(path).digest("hex").slice(0, 12);
}
