/**
 * The machine and the processes of the platform, from /proc (Linux only; proc(5)). A process stands for its tree, as in
 * process-cpu.ts. Sums belong to the name and not to the process: one that was killed and started again under the same
 * name goes on counting, less what it did between the last sample and its death.
 */
import { readdir, readFile } from "node:fs/promises";
import { cpuOfTree, rssMegabytesOfTree, type SystemSample, sampleSystem, treeOf } from "../../process-cpu.ts";
import type { SampleSource, SampleValues } from "./sample-source.ts";

/** About forty processes of seven figures each. */
const BYTES_MAX = 12_288;
const EVERY = 1;
const TICKS_A_SECOND = 100;

/** Of proc_net_tcp: include/net/tcp_states.h. */
const SOCKET_STATES: Readonly<Record<string, string>> = {
  "01": "established",
  "02": "syn_sent",
  "03": "syn_recv",
  "04": "fin_wait1",
  "05": "fin_wait2",
  "06": "time_wait",
  "07": "close",
  "08": "close_wait",
  "09": "last_ack",
  "0A": "listen",
  "0B": "closing",
};

/**
 * `processes` is asked at each sample: the process ids that bear a name now, none while it is down. Figures:
 * `cpu.NAME.user|system` seconds and `switches.NAME` (sums), `rss.NAME` megabytes, `threads.NAME`, `fds.NAME`,
 * `up.NAME` processes; of the machine `sockets.STATE`, `load1`, `machine.busy|steal|user|system|iowait` seconds (sums).
 */
export function createHostSource(options: {
  readonly processes: () => ReadonlyMap<string, readonly number[]>;
}): SampleSource {
  const sums = createSums();
  return {
    name: "host",
    bytesMax: BYTES_MAX,
    every: EVERY,
    async sample() {
      const system = sampleSystem();
      const named = [...options.processes()];
      const parts = await Promise.all(named.map(([name, pids]) => sampleName(system, { name, pids }, sums)));
      sums.forgetAllBut(system.processes);
      return Object.assign({}, ...parts, await sampleMachine(system)) as SampleValues;
    },
  };
}

async function sampleName(
  system: SystemSample,
  { name, pids }: { readonly name: string; readonly pids: readonly number[] },
  sums: Sums,
): Promise<SampleValues> {
  const live = pids.filter((pid) => system.processes.has(pid));
  const trees = live.flatMap((pid) => treeOf(system, pid));
  const total = (of: (pid: number) => number): number => live.reduce((sum, pid) => sum + of(pid), 0);
  const systemOf = (pid: number): number => treeOf(system, pid).reduce((sum, one) => sum + one.systemSeconds, 0);
  for (const pid of live) {
    sums.saw(`cpu.${name}.system`, pid, systemOf(pid));
    sums.saw(`cpu.${name}.user`, pid, cpuOfTree(system, pid) - systemOf(pid));
  }
  const files = await Promise.all(trees.map(({ pid }) => countEntries(`/proc/${pid}/fd`)));
  for (const { pid } of trees) sums.saw(`switches.${name}`, pid, await switchesOf(pid));
  return {
    [`up.${name}`]: live.length,
    [`rss.${name}`]: total((pid) => rssMegabytesOfTree(system, pid)),
    [`threads.${name}`]: trees.reduce((sum, one) => sum + one.threads, 0),
    [`fds.${name}`]: files.reduce((sum, count) => sum + count, 0),
    ...sums.of([`cpu.${name}.user`, `cpu.${name}.system`, `switches.${name}`]),
  };
}

async function sampleMachine({ busySeconds }: SystemSample): Promise<SampleValues> {
  const [cpu, load, tcp, tcp6] = await Promise.all(
    ["/proc/stat", "/proc/loadavg", "/proc/net/tcp", "/proc/net/tcp6"].map(readOrEmpty),
  );
  const sockets = Object.entries(countSockets(`${tcp}${tcp6}`)).map(([state, count]) => [`sockets.${state}`, count]);
  return {
    load1: Number((load ?? "").split(" ")[0] ?? 0),
    "machine.busy": busySeconds,
    ...parseMachineCpu(cpu ?? ""),
    ...Object.fromEntries(sockets),
  };
}

/** The first line of /proc/stat in seconds: nice counts as user; `steal` is what the hypervisor gave to others. */
export function parseMachineCpu(text: string): SampleValues {
  const [user = 0, nice = 0, system = 0, , iowait = 0, , , steal = 0] = (/^cpu +(.*)$/m.exec(text)?.[1] ?? "")
    .split(" ")
    .map((ticks) => Number(ticks) / TICKS_A_SECOND);
  return {
    "machine.user": user + nice,
    "machine.system": system,
    "machine.iowait": iowait,
    "machine.steal": steal,
  };
}

/** Sockets by state; `text` is /proc/net/tcp, or several such tables one after the other. */
export function countSockets(text: string): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const [, code = ""] of text.matchAll(/^ *\d+: [0-9A-F]+:[0-9A-F]{4} [0-9A-F]+:[0-9A-F]{4} ([0-9A-F]{2}) /gm)) {
    const state = SOCKET_STATES[code] ?? "other";
    counts[state] = (counts[state] ?? 0) + 1;
  }
  return counts;
}

/** Voluntary and other switches of one /proc/PID/task/TID/status. */
export function parseSwitches(status: string): number {
  const counts = [...status.matchAll(/^(?:non)?voluntary_ctxt_switches:\s+(\d+)$/gm)];
  return counts.reduce((sum, [, count]) => sum + Number(count), 0);
}

/** Of all its threads: the process's own status has the first thread's only. */
async function switchesOf(pid: number): Promise<number> {
  const threads = await readdir(`/proc/${pid}/task`).catch(() => []);
  const texts = await Promise.all(threads.map((thread) => readOrEmpty(`/proc/${pid}/task/${thread}/status`)));
  return texts.reduce((sum, text) => sum + parseSwitches(text), 0);
}

interface Sums {
  /** The count of one process since it started. */
  saw(name: string, pid: number, count: number): void;
  of(names: readonly string[]): SampleValues;
  forgetAllBut(live: ReadonlyMap<number, unknown>): void;
}

/**
 * Adds up what processes of one name count, over their deaths. A count may go back a little: the kernel credits nobody
 * for children that nobody waits for.
 */
export function createSums(): Sums {
  const totals = new Map<string, number>();
  const seen = new Map<number, Map<string, number>>();
  return {
    saw(name, pid, count) {
      const counts = seen.get(pid) ?? new Map<string, number>();
      const before = counts.get(name) ?? 0;
      counts.set(name, Math.max(before, count));
      seen.set(pid, counts);
      totals.set(name, (totals.get(name) ?? 0) + Math.max(0, count - before));
    },
    of: (names) => Object.fromEntries(names.map((name) => [name, totals.get(name) ?? 0])),
    forgetAllBut(live) {
      for (const pid of seen.keys()) if (!live.has(pid)) seen.delete(pid);
    },
  };
}

async function countEntries(folder: string): Promise<number> {
  return (await readdir(folder).catch(() => [])).length;
}

/** A process may be gone by the time it is read. */
function readOrEmpty(path: string): Promise<string> {
  return readFile(path, "utf8").catch(() => "");
}
