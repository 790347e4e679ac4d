/**
 * One owner per data directory. The lock is a file that names its owner by process id and start time; a lock whose
 * owner is dead, or whose id now belongs to another process, is stale and is taken over. It never removes a live
 * owner's lock.
 */
import { randomUUID } from "node:crypto";
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isAlive, startTimeOf } from "./process-table.ts";

const LOCK_FILE = "owner.lock";
/** Each try loses only to another process that opens the same directory at the same moment. */
const MAX_TRIES = 10;

interface Owner {
  readonly pid: number;
  readonly startTime: string | undefined;
}

/** Another live process holds the data directory. */
export class DataInUseError extends Error {
  override readonly name = "DataInUseError";
  readonly code = "data_in_use";
  readonly retryable = true;
  readonly pid: number;

  constructor(dataDir: string, pid: number) {
    const who = pid === process.pid ? `this process (pid ${pid})` : `process ${pid}`;
    super(`${dataDir} is in use by ${who}: stop that one first, or choose another data directory`);
    this.pid = pid;
  }
}

/**
 * Takes the lock of `dataDir`, which is made if it is missing. Dispose to give it back.
 * Throws DataInUseError while another live process, or this one, holds it.
 */
export function lockDataDir(dataDir: string): Disposable {
  mkdirSync(dataDir, { recursive: true });
  const path = join(dataDir, LOCK_FILE);
  const mine = join(dataDir, `${LOCK_FILE}.${randomUUID()}`);
  const text = JSON.stringify({ pid: process.pid, startTime: startTimeOf(process.pid) } satisfies Owner);
  writeFileSync(mine, text);
  try {
    for (let attempt = 0; attempt < MAX_TRIES; attempt++) {
      if (linkIfFree(mine, path)) return { [Symbol.dispose]: () => release(path, text) };
      removeStale(dataDir, path);
    }
  } finally {
    rmSync(mine, { force: true });
  }
  throw new DataInUseError(dataDir, readOwner(path)?.pid ?? 0);
}

/** Links rather than writes, so that the lock appears whole or not at all. */
function linkIfFree(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

function removeStale(dataDir: string, path: string): void {
  const owner = readOwner(path);
  if (owner && isOwnerAlive(owner)) throw new DataInUseError(dataDir, owner.pid);
  // Another process may have replaced the stale lock since it was read: take it aside first, then look what it was.
  const aside = `${path}.${randomUUID()}`;
  try {
    renameSync(path, aside);
  } catch {
    return;
  }
  const taken = readOwner(aside);
  if (taken && isOwnerAlive(taken)) linkIfFree(aside, path);
  rmSync(aside, { force: true });
}

function isOwnerAlive(owner: Owner): boolean {
  if (!isAlive(owner.pid)) return false;
  return owner.startTime === undefined || owner.startTime === startTimeOf(owner.pid);
}

function readOwner(path: string): Owner | undefined {
  try {
    const { pid, startTime } = JSON.parse(readFileSync(path, "utf8")) as Partial<Owner>;
    return typeof pid === "number" ? { pid, startTime } : undefined;
  } catch {
    return undefined;
  }
}

function release(path: string, text: string): void {
  try {
    if (readFileSync(path, "utf8") === text) rmSync(path, { force: true });
  } catch {
    // The directory is already gone, and the lock with it.
  }
}
