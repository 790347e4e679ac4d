/** A run that is drained, as numbers and slopes: from its samples, from PostgreSQL and from k6's own words. */
import type { LoadPlan } from "../load-plan.ts";
import { measureEndToEnd } from "../measure/end-to-end.ts";
import { measureTimeLine } from "../measure/measure-time-line.ts";
import { measureProjectionLag } from "../measure/projection-lag.ts";
import { readSeries } from "../measure/read-series.ts";
import type { TimeWindow } from "../measure/time-windows.ts";
import type { Series } from "../report/soak-report.ts";
import type { GatedNumbers } from "../soak-record.ts";
import type { WatchedSlope } from "../verdict/judge-soak.ts";
import { type CpuCosts, cpuCosts } from "./cpu-costs.ts";
import type { LoadRun } from "./run-load.ts";
import { steadyWindows } from "./steady-windows.ts";
import { peakHeapMb, watchSlopes } from "./watch-slopes.ts";

/** Lanes beside each other in the drawing; those that never held anything are left out. */
const LANES_MAX = 6;

export interface RunFigures {
  /** What was compared; none: nothing was steady. */
  readonly windows: readonly TimeWindow[];
  readonly numbers: GatedNumbers;
  readonly slopes: readonly WatchedSlope[];
  readonly series: readonly Series[];
  readonly costs: CpuCosts | undefined;
  /** Messages planned in the windows and not final by now. */
  readonly open: number;
}

const UNMEASURED: GatedNumbers = {
  ratePerSecond: Number.NaN,
  endToEndP50Ms: Number.NaN,
  endToEndP95Ms: Number.NaN,
  endToEndP99Ms: Number.NaN,
  handlingMs: Number.NaN,
  cpuSecondsPerThousand: Number.NaN,
  failures: Number.NaN,
  peakHeapMb: Number.NaN,
  projectionLagP95Ms: Number.NaN,
};

/** `reportsUrl`: of PostgreSQL's administrator. Throws ReportsDatabaseError, and what the file system says. */
export async function measureRun(run: LoadRun, plan: LoadPlan, reportsUrl: string): Promise<RunFigures> {
  const bands = run.phases.map((band, i) => ({ ...band, kind: plan.phases[i]?.kind ?? "drain" }));
  const windows = run.startedAt === undefined ? [] : steadyWindows(bands, run.faults);
  const [first, last] = [bands[0], bands.at(-1)];
  if (windows.length === 0 || first === undefined || last === undefined) {
    return { windows, numbers: UNMEASURED, slopes: [], series: [], costs: undefined, open: 0 };
  }
  const { numbers, costs, open } = await measureWindows(run, reportsUrl, windows);
  const loaded = bands.filter(({ kind }) => kind !== "drain" && kind !== "warm_up");
  const during = { from: loaded[0]?.from ?? first.from, to: loaded.at(-1)?.to ?? last.to };
  return {
    windows,
    numbers: { ...numbers, failures: failuresOf(run, plan) },
    slopes: await watchSlopes(run.sampleFiles, during),
    series: [
      ...(await measureTimeLine(reportsUrl, { from: first.from, to: last.to })),
      ...(await depths(run.sampleFiles.get("lanes"))),
    ],
    costs,
    open,
  };
}

/** All but what only k6 knows. Throws like measureRun. */
export async function measureWindows(
  run: LoadRun,
  reportsUrl: string,
  windows: readonly TimeWindow[],
): Promise<{ readonly numbers: Omit<GatedNumbers, "failures">; readonly costs: CpuCosts; readonly open: number }> {
  const endToEnd = await measureEndToEnd(reportsUrl, windows);
  const lag = await measureProjectionLag(reportsUrl, windows);
  const costs = await cpuCosts(run.sampleFiles.get("host") ?? "", windows, endToEnd.finalsPerSecond);
  const numbers = {
    ratePerSecond: endToEnd.finalsPerSecond,
    endToEndP50Ms: endToEnd.p50Ms ?? Number.NaN,
    endToEndP95Ms: endToEnd.p95Ms ?? Number.NaN,
    endToEndP99Ms: endToEnd.p99Ms ?? Number.NaN,
    handlingMs: await handlingMs(run.sampleFiles.get("roles"), windows),
    cpuSecondsPerThousand: costs.perThousand,
    peakHeapMb: await peakHeapMb(run.sampleFiles, windows),
    projectionLagP95Ms: lag.p95Ms ?? Number.NaN,
  };
  return { numbers, costs, open: endToEnd.open };
}

/** Of all workers together, over these windows; not a number where no step was made, or none was told of. */
async function handlingMs(file: string | undefined, windows: readonly TimeWindow[]): Promise<number> {
  if (file === undefined) return Number.NaN;
  const sums = { buildSeconds: 0, builds: 0 };
  for (const window of windows) {
    for (const [name, points] of (await readSeries(file, window)).series) {
      const figure = /\.(buildSeconds|builds)\.route$/.exec(name)?.[1] as keyof typeof sums | undefined;
      // A worker that was killed begins anew, outside of the windows.
      if (figure !== undefined) sums[figure] += Math.max(0, (points.at(-1)?.last ?? 0) - (points[0]?.last ?? 0));
    }
  }
  return (sums.buildSeconds / sums.builds) * 1_000;
}

/** In steady phases: requests that were refused or failed, and iterations that k6 could not begin. */
function failuresOf({ k6 }: LoadRun, plan: LoadPlan): number {
  if (k6.summary === undefined) return Number.NaN;
  const steady = new Set(plan.phases.filter(({ kind }) => kind === "steady").map(({ name }) => name));
  return k6.summary.phases
    .filter(({ phase }) => steady.has(phase))
    .reduce((sum, { failedRequests, droppedIterations }) => sum + failedRequests + droppedIterations, 0);
}

/** Items waiting by lane, over all sets. A lane that was not named when others were had none. */
async function depths(file: string | undefined): Promise<readonly Series[]> {
  if (file === undefined) return [];
  const lanes = new Map<string, Map<number, number>>();
  for (const [name, points] of (await readSeries(file)).series) {
    const lane = /^[^.]+\.(.+)\.items$/.exec(name)?.[1];
    if (lane === undefined) continue;
    const sums = lanes.get(lane) ?? new Map<number, number>();
    lanes.set(lane, sums);
    for (const { from, max } of points) sums.set(from, (sums.get(from) ?? 0) + max);
  }
  const times = [...new Set([...lanes.values()].flatMap((sums) => [...sums.keys()]))].sort((a, b) => a - b);
  const series = [...lanes].map(([name, sums]) => {
    return { name, unit: "items waiting", points: times.map((at) => [at, sums.get(at) ?? 0] as const) };
  });
  const peak = ({ points }: Series): number => points.reduce((most, [, value]) => Math.max(most, value), 0);
  return series.sort((a, b) => peak(b) - peak(a)).slice(0, LANES_MAX);
}
