/**
 * CPU time and memory of processes, from /proc (Linux only; proc(5)). A process stands for its whole tree: what its
 * children used while they lived, and, once they were reaped, what the kernel credited to it for them; so a PostgreSQL
 * backend that comes and goes between two samples is not lost.
 */
import { readdirSync, readFileSync } from "node:fs";

export interface ProcessSample {
  readonly pid: number;
  readonly parent: number;
  readonly name: string;
  /** User and system time of its own, seconds. */
  readonly cpuSeconds: number;
  /** The part of both sums that the kernel spent for it, its reaped children's included. */
  readonly systemSeconds: number;
  /** The same of its children that were reaped. */
  readonly reapedCpuSeconds: number;
  readonly rssBytes: number;
  readonly threads: number;
}

export interface SystemSample {
  readonly atMs: number;
  readonly processes: ReadonlyMap<number, ProcessSample>;
  /** Of all processors since boot, idle and waiting excluded, seconds. */
  readonly busySeconds: number;
}

/** USER_HZ: 100 on every Linux that Bun runs on. */
const TICKS_A_SECOND = 100;
const PAGE_BYTES = 4_096;
const MEGABYTE = 1024 * 1024;

export function sampleSystem(): SystemSample {
  const processes = new Map<number, ProcessSample>();
  for (const entry of readdirSync("/proc")) {
    if (!/^\d+$/.test(entry)) continue;
    const stat = readOrNothing(`/proc/${entry}/stat`);
    const sample = stat === undefined ? undefined : parseProcessStat(stat);
    if (sample !== undefined) processes.set(sample.pid, sample);
  }
  const busySeconds = parseBusySeconds(readFileSync("/proc/stat", "utf8"));
  return { atMs: performance.timeOrigin + performance.now(), processes, busySeconds };
}

/** One /proc/PID/stat; the name may hold blanks and brackets. Undefined for a text that is none. */
export function parseProcessStat(text: string): ProcessSample | undefined {
  const [open, close] = [text.indexOf("("), text.lastIndexOf(")")];
  if (open < 0 || close < open) return undefined;
  // From field 3 (state) on: ppid is field 4, utime 14, stime 15, cutime 16, cstime 17, num_threads 20, rss 24.
  const fields = text.slice(close + 2).split(" ");
  const field = (number: number): number => Number(fields[number - 3] ?? 0);
  return {
    pid: Number(text.slice(0, open)),
    parent: field(4),
    name: text.slice(open + 1, close),
    cpuSeconds: (field(14) + field(15)) / TICKS_A_SECOND,
    systemSeconds: (field(15) + field(17)) / TICKS_A_SECOND,
    reapedCpuSeconds: (field(16) + field(17)) / TICKS_A_SECOND,
    rssBytes: field(24) * PAGE_BYTES,
    threads: field(20),
  };
}

/** First line of /proc/stat: user nice system idle iowait irq softirq steal; guest is in user already. */
export function parseBusySeconds(text: string): number {
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0] = (/^cpu +(.*)$/m.exec(text)?.[1] ?? "")
    .split(" ")
    .map(Number);
  return (user + nice + system + irq + softirq) / TICKS_A_SECOND;
}

/** The process and all below it that live in `sample`. */
export function treeOf(sample: SystemSample, root: number): readonly ProcessSample[] {
  const found: ProcessSample[] = [];
  const children = Map.groupBy(sample.processes.values(), ({ parent }) => parent);
  const visit = (pid: number): void => {
    const process = sample.processes.get(pid);
    if (process === undefined) return;
    found.push(process);
    for (const child of children.get(pid) ?? []) visit(child.pid);
  };
  visit(root);
  return found;
}

/** CPU seconds of the tree since its root started. */
export function cpuOfTree(sample: SystemSample, root: number): number {
  return treeOf(sample, root).reduce((sum, one) => sum + one.cpuSeconds + one.reapedCpuSeconds, 0);
}

/**
 * Memory of the tree. One process: its resident set. Several (PostgreSQL): the sum of their proportional sets, so that
 * what they share is counted once.
 */
export function rssMegabytesOfTree(sample: SystemSample, root: number): number {
  const tree = treeOf(sample, root);
  if (tree.length <= 1) return (tree[0]?.rssBytes ?? 0) / MEGABYTE;
  return tree.reduce((sum, { pid, rssBytes }) => sum + (proportionalBytes(pid) ?? rssBytes), 0) / MEGABYTE;
}

/** CPU seconds between two samples of the processes outside `roots`' trees, by name, the busiest first. */
export function cpuOfOthers(
  before: SystemSample,
  after: SystemSample,
  roots: readonly number[],
): readonly { readonly name: string; readonly cpuSeconds: number }[] {
  const ours = new Set(roots.flatMap((root) => treeOf(after, root).map(({ pid }) => pid)));
  const byName = new Map<string, number>();
  for (const { pid, name, cpuSeconds } of after.processes.values()) {
    if (ours.has(pid)) continue;
    const spent = cpuSeconds - (before.processes.get(pid)?.cpuSeconds ?? 0);
    byName.set(name, (byName.get(name) ?? 0) + spent);
  }
  return [...byName].map(([name, cpuSeconds]) => ({ name, cpuSeconds })).sort((a, b) => b.cpuSeconds - a.cpuSeconds);
}

function proportionalBytes(pid: number): number | undefined {
  const kilobytes = /^Pss: +(\d+) kB$/m.exec(readOrNothing(`/proc/${pid}/smaps_rollup`) ?? "")?.[1];
  return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
}

/** A process may be gone by the time it is read. */
function readOrNothing(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
