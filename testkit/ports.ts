/**
 * TCP ports on 127.0.0.1: free ones for servers that are killed and come back on the same port, and the name of who
 * holds a taken one. A port is never taken from the range that outgoing connections use, as one of those could sit on
 * it while its server is down.
 */
import { randomInt } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { isAlive, nameOf } from "./process-table.ts";
import { portsByInode, socketsOf } from "./socket-owners.ts";

const FIRST_PORT = 20_000;
/** Linux lends 32768 and up to outgoing connections, macOS 49152 and up. */
const END_PORT = 32_000;
const MAX_TRIES = 2_000;

/** A port that a server needs is held by another process. */
export class PortTakenError extends Error {
  override readonly name = "PortTakenError";
  readonly code = "port_taken";
  readonly retryable = true;
  readonly port: number;

  constructor(port: number, owner: string | undefined) {
    super(`Port ${port} is taken by ${owner ?? "another process"}: stop that one first, or choose another port`);
    this.port = port;
  }
}

/**
 * Returns `count` different ports on which nothing listens. They stay reserved for this process, among processes that
 * ask here, until it ends. Throws when none can be found.
 */
export async function freePorts(count: number): Promise<readonly number[]> {
  const found: number[] = [];
  for (let attempt = 0; attempt < MAX_TRIES && found.length < count; attempt++) {
    const port = randomInt(FIRST_PORT, END_PORT);
    if (reserve(port) && (await isFree(port))) found.push(port);
  }
  if (found.length < count) throw new Error(`Found no ${count} free ports between ${FIRST_PORT} and ${END_PORT}`);
  return found;
}

/** Throws PortTakenError, naming the owner where the system tells, when something listens on the port. */
export async function assertPortFree(port: number): Promise<void> {
  if (!(await isFree(port))) throw new PortTakenError(port, await describePortOwner(port));
}

/** True when a server could listen on 127.0.0.1:port now. */
export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen({ port, host: "127.0.0.1", exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/**
 * Who listens on a port, such as "nginx (pid 123)". Linux only, from /proc/net/tcp and the open files of the processes
 * that we may look into; undefined elsewhere, or when nobody is found.
 */
export async function describePortOwner(port: number): Promise<string | undefined> {
  if (process.platform !== "linux") return undefined;
  const listening = portsByInode("listening");
  if (![...listening.values()].includes(port)) return undefined;
  for (const entry of readdirSync("/proc")) {
    const pid = Number(entry);
    const holds = Number.isInteger(pid) && socketsOf(pid).some((inode) => listening.get(inode) === port);
    if (holds) return `${nameOf(pid) ?? "a process"} (pid ${pid})`;
  }
  return undefined;
}

/** One small file a port: two test runs that start at once must not both settle on it before either listens. */
function reserve(port: number): boolean {
  const dir = join(tmpdir(), `godwit-ports-${userInfo().uid}`);
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const path = join(dir, String(port));
  const owner = Number(readOrUndefined(path) ?? 0);
  if (owner > 0 && isAlive(owner)) return false;
  rmSync(path, { force: true });
  try {
    writeFileSync(path, String(process.pid), { flag: "wx" });
    return true;
  } catch {
    return false;
  }
}

function readOrUndefined(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
