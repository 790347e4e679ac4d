/**
 * One soak: calibrated → platform up → loaded → drained → measured → checked → calibrated again → judged. Nothing that
 * it started is left running, whatever happens.
 */
import type { Clock } from "#domain/clock.ts";
import type { Machine } from "../machine.ts";
import { calibrate } from "./measure/calibrate.ts";
import { type PairedRun, runPaired } from "./paired/run-paired.ts";
import { planSoakPhases } from "./plan-phases.ts";
import type { SoakReport } from "./report/soak-report.ts";
import { composeReport } from "./run/compose-report.ts";
import { fingerprintOf } from "./run/describe-setup.ts";
import {
  checkMeasured,
  describeObserved,
  judgeEvidence,
  loadAndMeasure,
  type Observed,
  planLoad,
} from "./run/observe.ts";
import type { Calibration, SoakRecord } from "./soak-record.ts";
import { openSoakStack, type SoakStack, type SoakStackOptions } from "./stack/open-soak-stack.ts";
import { judgeSoak } from "./verdict/judge-soak.ts";

/** Sixty collections a run, between these: of a short one there are enough for a slope, and of a long one no more. */
const LIVE_HEAP_SECONDS = { min: 5, max: 60, ofRun: 60 } as const;

export interface SoakOptions {
  readonly command: string;
  readonly durationMs: number;
  readonly messagesPerSecond: number;
  readonly seed: number;
  readonly dataDir: string;
  readonly withBalancer: boolean;
  /** A checkout whose roles run. Default: this one's. */
  readonly build?: string;
  /** Once the platform is up, before the load. */
  readonly onUp?: (stack: SoakStack) => Promise<void>;
  readonly machine: Machine;
  /** All earlier runs, oldest first, of any machine and load. */
  readonly history: readonly SoakRecord[];
  readonly notes: readonly string[];
  readonly clock: Clock;
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

export interface SoakOutcome {
  readonly report: SoakReport;
  /** The same run judged once more, with what a paired run of a good build and this one has shown, if there was one. */
  judgeWith(paired: PairedRun | undefined, notes: readonly string[]): SoakReport;
}

/** Throws the reason of `signal`, and what opening a platform throws. */
export async function runSoak(options: SoakOptions): Promise<SoakOutcome> {
  const { before, observed, after } = await calibrated(options, () => observeOne(options));
  const judge = (paired?: PairedRun, more: readonly string[] = []): SoakReport =>
    judgeObserved(options, { before, after, observed, more, ...(paired !== undefined && { paired }) });
  return { report: judge(), judgeWith: judge };
}

/** This build against that of another checkout, block by block and without faults. Throws like runSoak. */
export async function runAgainst(options: SoakOptions, baseBuild: string): Promise<SoakReport> {
  const { before, observed: paired, after } = await calibrated(options, () => compareBuilds(options, baseBuild));
  return judgeObserved(options, { before, after, observed: paired.candidate, more: [], paired });
}

/** Both builds side by side; see runPaired. */
export function compareBuilds(options: SoakOptions, baseBuild: string): Promise<PairedRun> {
  return runPaired({ ...options, baseBuild, stackOptions: (dir, build) => stackOptionsOf(options, dir, build) });
}

async function calibrated<T>(
  { dataDir, clock, say }: SoakOptions,
  observe: () => Promise<T>,
): Promise<{ readonly before: Calibration; readonly observed: T; readonly after: Calibration }> {
  const before = await calibrate({ folder: dataDir, clock });
  say(describeCalibration(before));
  const observed = await observe();
  const after = await calibrate({ folder: dataDir, clock });
  say(describeCalibration(after));
  return { before, observed, after };
}

interface ToJudge {
  readonly before: Calibration;
  readonly after: Calibration;
  readonly observed: Observed;
  readonly paired?: PairedRun;
  readonly more: readonly string[];
}

function judgeObserved(options: SoakOptions, { before, after, observed, paired, more }: ToJudge): SoakReport {
  const { command, machine, history } = options;
  const { run, figures, checked, generator } = observed;
  const under = {
    startedAt: Math.round(run.startedAt ?? options.clock.now()),
    durationMs: options.durationMs,
    commit: machine.commit,
    fingerprint: fingerprintOf(machine, run.k6Version, options.withBalancer),
    offeredPerSecond: options.messagesPerSecond,
    ...{ numbers: figures.numbers, before, after },
  };
  const judgement = judgeSoak({
    run: under,
    invariants: judgeAll(observed, paired),
    generator,
    crossedThresholds: run.k6.summary?.crossedThresholds ?? [],
    slopes: figures.slopes,
    history,
    ...(paired !== undefined && { paired: paired.results }),
  });
  const notes = [...options.notes, ...more, generator.because, ...describeObserved(observed)];
  return composeReport({ command, machine, under, judgement, checks: checked.checks, run, figures, history, notes });
}

/** A message that was lost in the paired run is lost as well. */
function judgeAll(observed: Observed, paired: PairedRun | undefined): ReturnType<typeof judgeEvidence> {
  const all = [observed, ...(paired === undefined ? [] : [paired.candidate, paired.base])].map(judgeEvidence);
  const [first = judgeEvidence(observed)] = all;
  return all.find(({ verdict }) => verdict === "invalid") ?? all.find(({ verdict }) => verdict === "unknown") ?? first;
}

/** Opens the platform, loads it, and asks the checker; the platform is gone by then. */
async function observeOne(options: SoakOptions): Promise<Observed> {
  const { durationMs, messagesPerSecond, seed } = options;
  await using stack = await openSoakStack(stackOptionsOf(options, options.dataDir, options.build));
  await options.onUp?.(stack);
  const phases = planSoakPhases({ durationMs, messagesPerSecond });
  const measured = await loadAndMeasure({ ...options, stack, plan: planLoad(seed, stack, phases) });
  return await checkMeasured(measured, options.say);
}

function stackOptionsOf(
  { withBalancer, durationMs, say, signal }: SoakOptions,
  dataDir: string,
  build: string | undefined,
): SoakStackOptions {
  const { min, max, ofRun } = LIVE_HEAP_SECONDS;
  const liveHeapEverySeconds = Math.min(max, Math.max(min, Math.round(durationMs / 1_000 / ofRun)));
  const options = { dataDir, withBalancer, liveHeapEverySeconds, say, signal };
  return build === undefined ? options : { ...options, build };
}

function describeCalibration({ cpuLoopMs, fsyncMs, loopbackMs }: Calibration): string {
  const [loop, fsync, loopback] = [cpuLoopMs.toFixed(1), fsyncMs.toFixed(2), loopbackMs.toFixed(3)];
  return `machine: loop ${loop} ms, fsync ${fsync} ms, loopback ${loopback} ms`;
}
