/** What a thousand messages cost in CPU time, by process, from the samples of the machine. Pure but for the reading. */
import { readSeries } from "../measure/read-series.ts";
import type { TimeWindow } from "../measure/time-windows.ts";

/** Load and provider are not the platform. */
const NOT_PLATFORM: readonly string[] = ["k6", "simulator"];
/** All that a run has: no window may be thinned to where its ends are lost. */
const POINTS_MAX = 4_000;

export interface CpuCosts {
  /** Of roles, mongods, PostgreSQL and balancer together; not a number where it was not measured. */
  readonly perThousand: number;
  /** CPU seconds a thousand messages by process, the dearest first; those of load and provider too. */
  readonly byProcess: ReadonlyMap<string, number>;
}

/** `file`: of the host's samples. `finalsPerSecond`: over the same windows. Throws what the file system says. */
export async function cpuCosts(
  file: string,
  windows: readonly TimeWindow[],
  finalsPerSecond: number,
): Promise<CpuCosts> {
  const spent = new Map<string, number>();
  let seconds = 0;
  for (const { from, to } of windows) {
    const { series } = await readSeries(file, { from, to, pointsMax: POINTS_MAX });
    let spanMs = 0;
    for (const [name, points] of series) {
      const [first, last] = [points[0], points.at(-1)];
      const process = /^cpu\.(.+)\.(?:user|system)$/.exec(name)?.[1];
      if (process === undefined || first === undefined || last === undefined) continue;
      spanMs = Math.max(spanMs, last.to - first.to);
      spent.set(process, (spent.get(process) ?? 0) + last.last - first.last);
    }
    seconds += spanMs / 1_000;
  }
  const thousands = (seconds * finalsPerSecond) / 1_000;
  const costs = [...spent].map(([name, cpu]) => [name, cpu / thousands] as const).sort(([, a], [, b]) => b - a);
  const own = costs.filter(([name]) => !NOT_PLATFORM.includes(name));
  const perThousand = own.length === 0 ? Number.NaN : own.reduce((sum, [, cost]) => sum + cost, 0);
  return { perThousand: Number.isFinite(perThousand) ? perThousand : Number.NaN, byProcess: new Map(costs) };
}
