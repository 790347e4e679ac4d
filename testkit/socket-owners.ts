/**
 * Which process has a TCP socket: from its port to its inode in /proc/net/tcp, and on to the open files of a process
 * that we may look into. Linux only; elsewhere nothing is found. A look costs milliseconds: ask for many at once.
 */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";

const TABLES = { ipv4: "/proc/net/tcp", ipv6: "/proc/net/tcp6" } as const;
const STATES = { listening: "0A", connected: "01" } as const;

/** The own port of each socket in this state, by its inode. */
export function portsByInode(
  state: keyof typeof STATES,
  families: readonly (keyof typeof TABLES)[] = ["ipv4", "ipv6"],
): ReadonlyMap<string, number> {
  const ports = new Map<string, number>();
  for (const line of families.flatMap((family) => readOrEmpty(TABLES[family]).split("\n"))) {
    if (!line.includes(` ${STATES[state]} `)) continue;
    const [, local = "", , found, , , , , , inode] = line.trim().split(/\s+/);
    if (found === STATES[state] && inode !== undefined) ports.set(inode, Number.parseInt(local.slice(-4), 16));
  }
  return ports;
}

/** The inodes of the sockets among the open files of a process; none when we may not look. */
export function socketsOf(pid: number): readonly string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).flatMap(
      (fd) => /^socket:\[(\d+)\]$/.exec(linkTarget(`/proc/${pid}/fd/${fd}`))?.[1] ?? [],
    );
  } catch {
    return [];
  }
}

function linkTarget(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return "";
  }
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
