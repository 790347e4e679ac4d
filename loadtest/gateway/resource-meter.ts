/**
 * CPU and memory of each part of the platform over a phase. The generator counts its own; the harness (this process,
 * which polls the simulator and reads the logs) is shown beside the platform, never in its sum. Nor is the simulator:
 * it stands for the provider's machine.
 */
import type { Platform } from "#testkit/platform.ts";
import { cpuOfOthers, cpuOfTree, rssMegabytesOfTree, type SystemSample, sampleSystem, treeOf } from "../process-cpu.ts";

export type ByProcess = Readonly<Record<string, number>>;

export interface Usage {
  readonly seconds: number;
  /** Parts of the platform: mongods by set, PostgreSQL with its backends, and the roles but the simulator. */
  readonly platformCpuSeconds: ByProcess;
  readonly simulatorCpuSeconds: number;
  readonly harnessCpuSeconds: number;
  /** Of all processes of the machine, ours too. */
  readonly machineCpuSeconds: number;
  /** Processes that have nothing to do with the bench, by name: those that used most. */
  readonly othersCpuSeconds: ByProcess;
  /** The largest seen, simulator and harness too. */
  readonly rssMegabytes: ByProcess;
}

/** Dispose it where it may not be stopped. */
export interface ResourceMeter extends Disposable {
  /** Ends the measurement. `generatorPid` is left out of what others used. */
  stop(generatorPid?: number): Usage;
}

/** The memory of PostgreSQL's backends takes the kernel a few milliseconds to add up. */
const MEMORY_EVERY_MS = 2_000;
const OTHERS_MAX = 5;
const OTHERS_CPU_SECONDS_MIN = 0.2;
const SIMULATOR = "simulator";

/** The processes of each part. */
function partsOf({ sets, postgres, roles }: Platform): ReadonlyMap<string, readonly number[]> {
  const pids = (...all: readonly (number | undefined)[]): readonly number[] => all.filter((pid) => pid !== undefined);
  return new Map([
    ...sets.map(({ name, members }) => [`mongods ${name}`, pids(...members.map(({ pid }) => pid))] as const),
    ["postgres", pids(postgres.pid)] as const,
    ...[...roles].map(([name, { pid }]) => [name, pids(pid)] as const),
  ]);
}

/** Resident megabytes of each part now. */
export function rssByPart(platform: Platform): ByProcess {
  return rssOf(sampleSystem(), partsOf(platform));
}

function rssOf(sample: SystemSample, parts: ReadonlyMap<string, readonly number[]>): ByProcess {
  return Object.fromEntries(
    [...parts].map(([name, pids]) => [name, pids.reduce((sum, pid) => sum + rssMegabytesOfTree(sample, pid), 0)]),
  );
}

export function startMeter(platform: Platform): ResourceMeter {
  const parts = partsOf(platform);
  const before = sampleSystem();
  const rss = new Map<string, number>();
  const watchMemory = (sample: SystemSample): void => {
    for (const [name, megabytes] of Object.entries(rssOf(sample, parts))) {
      rss.set(name, Math.max(rss.get(name) ?? 0, megabytes));
    }
  };
  watchMemory(before);
  const timer = setInterval(() => watchMemory(sampleSystem()), MEMORY_EVERY_MS);
  return {
    [Symbol.dispose]: () => clearInterval(timer),
    stop(generatorPid) {
      clearInterval(timer);
      const after = sampleSystem();
      watchMemory(after);
      return usageBetween(before, after, { parts, rss, generatorPid });
    },
  };
}

function usageBetween(
  before: SystemSample,
  after: SystemSample,
  ours: {
    readonly parts: ReadonlyMap<string, readonly number[]>;
    readonly rss: ReadonlyMap<string, number>;
    readonly generatorPid: number | undefined;
  },
): Usage {
  const spent = (pid: number): number => cpuOfTree(after, pid) - cpuOfTree(before, pid);
  const cpu = [...ours.parts].map(([name, pids]) => [name, pids.reduce((sum, pid) => sum + spent(pid), 0)] as const);
  const roots = [...ours.parts.values()].flat();
  const others = cpuOfOthers(before, after, [...roots, process.pid, ours.generatorPid ?? process.pid])
    .filter(({ cpuSeconds }) => cpuSeconds >= OTHERS_CPU_SECONDS_MIN)
    .slice(0, OTHERS_MAX);
  return {
    seconds: (after.atMs - before.atMs) / 1_000,
    platformCpuSeconds: Object.fromEntries(cpu.filter(([name]) => name !== SIMULATOR)),
    simulatorCpuSeconds: cpu.find(([name]) => name === SIMULATOR)?.[1] ?? 0,
    harnessCpuSeconds: ownCpu(after) - ownCpu(before),
    machineCpuSeconds: after.busySeconds - before.busySeconds,
    othersCpuSeconds: Object.fromEntries(
      others.map(({ name, cpuSeconds }) => [name, Math.round(cpuSeconds * 10) / 10]),
    ),
    rssMegabytes: Object.fromEntries(ours.rss),
  };
}

function ownCpu(sample: SystemSample): number {
  return treeOf(sample, process.pid)[0]?.cpuSeconds ?? 0;
}
