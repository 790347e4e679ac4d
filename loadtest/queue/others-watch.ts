/** What else used the machine while the parts ran: a figure without it cannot be compared. */
import { cpuOfOthers, type SystemSample, sampleSystem, treeOf } from "../process-cpu.ts";

export interface OthersWatch {
  /** Counts until it is disposed. `ownPids`: the processes of the bench that are not below this one. */
  watch(ownPids: readonly number[]): Disposable;
  /** CPU seconds of the busiest by name, and of all together, those that came and went included. */
  cpuSeconds(): Readonly<Record<string, number>>;
  /** Of all cores over the time that was watched. */
  share(): number;
}

const OTHERS_MAX = 8;
const CPU_SECONDS_MIN = 0.2;

export function createOthersWatch(cores: number): OthersWatch {
  const byName = new Map<string, number>();
  let all = 0;
  let seconds = 0;
  return {
    watch(ownPids) {
      const roots = [process.pid, ...ownPids];
      const before = sampleSystem();
      return {
        [Symbol.dispose]() {
          const after = sampleSystem();
          const own = cpuOfTrees(after, roots) - cpuOfTrees(before, roots);
          all += Math.max(0, after.busySeconds - before.busySeconds - own);
          seconds += (after.atMs - before.atMs) / 1_000;
          for (const { name, cpuSeconds } of cpuOfOthers(before, after, roots)) {
            byName.set(name, (byName.get(name) ?? 0) + cpuSeconds);
          }
        },
      };
    },
    cpuSeconds() {
      const counted = [...byName].filter(([, spent]) => spent >= CPU_SECONDS_MIN).sort(([, a], [, b]) => b - a);
      const told = [["all", all] as const, ...counted.slice(0, OTHERS_MAX)];
      return Object.fromEntries(told.map(([name, spent]) => [name, Math.round(spent * 10) / 10]));
    },
    share: () => (seconds === 0 ? 0 : all / (seconds * cores)),
  };
}

/** Each process once: the members may be children of this one, or not. */
function cpuOfTrees(sample: SystemSample, roots: readonly number[]): number {
  const own = new Map(roots.flatMap((root) => treeOf(sample, root)).map((one) => [one.pid, one]));
  return [...own.values()].reduce((sum, one) => sum + one.cpuSeconds + one.reapedCpuSeconds, 0);
}
