/**
 * One soak: calibrated → platform up → loaded → drained → measured → checked → calibrated again → judged. Nothing that
 * it started is left running, whatever happens.
 */
import { join } from "node:path";
import type { Clock } from "#domain/clock.ts";
import { checkStack } from "../../proof/chaos/judge-run.ts";
import type { Judgement } from "../../proof/checker/judgement.ts";
import type { Machine } from "../machine.ts";
import { checkedPlan, type LoadPlan } from "./load-plan.ts";
import { calibrate } from "./measure/calibrate.ts";
import { planSoakPhases } from "./plan-phases.ts";
import type { SoakReport } from "./report/soak-report.ts";
import { composeReport } from "./run/compose-report.ts";
import { fingerprintOf } from "./run/describe-setup.ts";
import { type GeneratorJudgement, judgeGenerator } from "./run/generator-lateness.ts";
import { measureRun, type RunFigures } from "./run/measure-run.ts";
import { reportsUrlOf } from "./run/open-sampling.ts";
import { type LoadRun, runLoad } from "./run/run-load.ts";
import type { Calibration, SoakRecord } from "./soak-record.ts";
import { openSoakStack, type SoakStack } from "./stack/open-soak-stack.ts";
import { judgeSoak } from "./verdict/judge-soak.ts";

/** What a customer would call late, of an answer to a single send. Far above what a quiet machine shows. */
export const PROBE_LIMITS = { probeP95Ms: 1_000, probeP99Ms: 3_000 } as const;
/** Sixty collections a run, between these: of a short one there are enough for a slope, and of a long one no more. */
const LIVE_HEAP_SECONDS = { min: 5, max: 60, ofRun: 60 } as const;
const HOLES_SHOWN = 3;

export interface SoakOptions {
  readonly command: string;
  readonly durationMs: number;
  readonly messagesPerSecond: number;
  readonly seed: number;
  readonly dataDir: string;
  readonly withBalancer: boolean;
  /** A checkout whose roles run. Default: this one's. */
  readonly build?: string;
  readonly machine: Machine;
  /** All earlier runs, oldest first, of any machine and load. */
  readonly history: readonly SoakRecord[];
  readonly notes: readonly string[];
  readonly clock: Clock;
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

interface Observed {
  readonly run: LoadRun;
  readonly plan: LoadPlan;
  readonly figures: RunFigures;
  readonly checked: Judgement;
  readonly generator: GeneratorJudgement;
}

/** Throws the reason of `signal`, and what opening a platform throws. */
export async function runSoak(options: SoakOptions): Promise<SoakReport> {
  const { dataDir, clock, say, machine, history } = options;
  const calibration = { folder: dataDir, clock };
  const before = await calibrate(calibration);
  say(describeCalibration(before));
  const observed = await observe(options);
  const after = await calibrate(calibration);
  say(describeCalibration(after));
  const { run, figures, checked, generator } = observed;
  const under = {
    startedAt: Math.round(run.startedAt ?? clock.now()),
    durationMs: options.durationMs,
    commit: machine.commit,
    fingerprint: fingerprintOf(machine, run.k6Version, options.withBalancer),
    offeredPerSecond: options.messagesPerSecond,
    ...{ numbers: figures.numbers, before, after },
  };
  const judgement = judgeSoak({
    run: under,
    invariants: judgeEvidence(observed),
    generator,
    crossedThresholds: run.k6.summary?.crossedThresholds ?? [],
    slopes: figures.slopes,
    history,
  });
  const { command } = options;
  const notes = [...options.notes, generator.because, ...notesOf(observed)];
  return composeReport({ command, machine, under, judgement, checks: checked.checks, run, figures, history, notes });
}

async function observe(options: SoakOptions): Promise<Observed> {
  const { dataDir, withBalancer, build, durationMs, say, signal } = options;
  const { min, max, ofRun } = LIVE_HEAP_SECONDS;
  const liveHeapEverySeconds = Math.min(max, Math.max(min, Math.round(durationMs / 1_000 / ofRun)));
  const stackOptions = { dataDir, withBalancer, liveHeapEverySeconds, say, signal };
  await using stack = await openSoakStack({ ...stackOptions, ...(build !== undefined && { build }) });
  const plan = planLoad(options, stack);
  const run = await runLoad({ ...options, stack, plan });
  say(run.drain.drainedMs === undefined ? "not drained" : `drained in ${run.drain.drainedMs} ms; measuring`);
  const figures = await measureRun(run, plan, reportsUrlOf(stack));
  const generator =
    run.startedAt === undefined
      ? { bound: false, because: run.k6.words }
      : await judgeGenerator(plan, join(run.dir, "k6.raw"), run.startedAt);
  say("checking every message");
  return { run, plan, figures, generator, checked: await checkStack(run.dir, stack, say) };
}

function planLoad({ seed, durationMs, messagesPerSecond }: SoakOptions, stack: SoakStack): LoadPlan {
  return checkedPlan({
    seed,
    baseUrl: stack.url,
    accounts: stack.accounts,
    phases: planSoakPhases({ durationMs, messagesPerSecond }),
    limits: PROBE_LIMITS,
  });
}

/** What the checker says, unless what it was given is not all there is. */
function judgeEvidence({ run, checked, figures }: Observed): {
  readonly verdict: Judgement["verdict"];
  readonly because: string;
} {
  const broken = checked.checks.find(({ verdict }) => verdict === "invalid");
  if (broken !== undefined) {
    const [example] = broken.counterexamples;
    const first = example === undefined ? "" : `: ${example.key} ${example.words}`;
    return {
      verdict: "invalid",
      because: `${broken.invariant} ${broken.name} is broken ${broken.counted} times${first}`,
    };
  }
  const unknown = whyUnknown(run, figures) ?? checked.reasons[0];
  if (unknown !== undefined) return { verdict: "unknown", because: unknown };
  return { verdict: checked.verdict, because: `all ${checked.checks.length} questions about its messages hold` };
}

function whyUnknown(
  { k6, history, drain, holes, faults, startedAt }: LoadRun,
  { open }: RunFigures,
): string | undefined {
  if (startedAt === undefined || k6.kind === "crashed" || k6.kind === "stopped") return k6.words;
  if (history.unreadable > 0 || history.withoutEnd > 0) {
    return `k6's record has ${history.unreadable} lines that are none and ${history.withoutEnd} requests without an end`;
  }
  const recorded = history.sends + history.statusReads;
  const asked = k6.summary?.requests ?? Number.NaN;
  if (!(recorded >= asked)) return `k6 counts ${asked} requests, and its record holds ${recorded}`;
  if (holes.length > 0) return `the record has holes: ${holes.slice(0, HOLES_SHOWN).join("; ")}`;
  if (drain.drainedMs === undefined)
    return `not drained: ${drain.open.length} messages open, ${drain.waiting} on lanes`;
  if (open > 0) return `${open} messages of the steady load are not final`;
  const missing = faults.find(({ happened }) => !happened);
  return missing === undefined ? undefined : `the fault ${missing.name} did not happen: ${missing.evidence}`;
}

function notesOf({ run, figures }: Observed): readonly string[] {
  const { history, k6, sampleNotes } = run;
  const failures = [...history.failures].map(([code, count]) => `${code} ${count}`).join(", ");
  return [
    `${history.acceptedMessages} messages accepted in ${history.sends} requests, ${history.statusReads} status reads.`,
    ...(failures === "" ? [] : [`Requests that were not answered 202: ${failures}.`]),
    `k6 ${run.k6Version} used ${k6.usage.cpuSeconds.toFixed(0)} s of CPU and ${k6.usage.peakRssMb.toFixed(0)} MB at most.`,
    ...(figures.windows.length === 0 ? ["Nothing was steady long enough to be compared."] : []),
    ...sampleNotes.map(({ source, note }) => `Samples of ${source}: ${note}`).slice(0, HOLES_SHOWN),
  ];
}

function describeCalibration({ cpuLoopMs, fsyncMs, loopbackMs }: Calibration): string {
  return `machine: loop ${cpuLoopMs.toFixed(1)} ms, fsync ${fsyncMs.toFixed(2)} ms, loopback ${loopbackMs.toFixed(3)} ms`;
}
