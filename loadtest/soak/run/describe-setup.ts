/** What two runs must have in common for their numbers to be compared. Pure. */
import type { Machine } from "../../machine.ts";

/** Major and minor: a patch of a server is no other machine. */
const short = (version: string): string => /\d+\.\d+/.exec(version)?.[0] ?? version;

/** One line for people and for comparing; equal lines are one machine. */
export function fingerprintOf(machine: Machine, k6Version: string, withBalancer: boolean): string {
  const { cpu, cores, memory_gb, kernel, bun, deno, mongod, postgres } = machine;
  const servers = { linux: kernel, bun, deno, mongod, postgres, k6: k6Version };
  const versions = Object.entries(servers).map(([name, version]) => `${name}-${short(version)}`);
  const edges = withBalancer ? "haproxy" : "no-balancer";
  return [`${cores}x${cpu.trim().replace(/\s+/g, " ")}`, `${memory_gb}GiB`, ...versions, edges].join(" ");
}
