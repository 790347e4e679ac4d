/** Which of the known processes hold the connections from these ports on 127.0.0.1. Linux only. */
import { portsByInode, socketsOf } from "#testkit/socket-owners.ts";

/** The name of the process that connected from each port; those of nobody in `candidates` are left out. */
export function findProcesses(
  ports: ReadonlySet<number>,
  candidates: ReadonlyMap<string, number>,
): ReadonlyMap<number, string> {
  const found = new Map<number, string>();
  const byInode = portsByInode("connected", ["ipv4"]);
  for (const [name, pid] of candidates) {
    for (const inode of socketsOf(pid)) {
      const port = byInode.get(inode);
      if (port !== undefined && ports.has(port)) found.set(port, name);
    }
  }
  return found;
}
