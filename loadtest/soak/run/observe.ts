/** A loaded platform as evidence: its numbers, what the generator had, and what the checker says of every message. */
import { join } from "node:path";
import { checkStack } from "../../../proof/chaos/judge-run.ts";
import type { Judgement } from "../../../proof/checker/judgement.ts";
import { checkedPlan, type LoadPlan } from "../load-plan.ts";
import type { LoadPhase } from "../plan-phases.ts";
import type { SoakStack } from "../stack/open-soak-stack.ts";
import { type GeneratorJudgement, judgeGenerator } from "./generator-lateness.ts";
import { measureRun, type RunFigures } from "./measure-run.ts";
import { reportsUrlOf } from "./open-sampling.ts";
import { type LoadRun, type LoadRunOptions, runLoad } from "./run-load.ts";

/** What a customer would call late, of an answer to a single send. Far above what a quiet machine shows. */
export const PROBE_LIMITS = { probeP95Ms: 1_000, probeP99Ms: 3_000 } as const;
const SHOWN_MAX = 3;

export interface Measured {
  readonly stack: SoakStack;
  readonly run: LoadRun;
  readonly plan: LoadPlan;
  readonly figures: RunFigures;
  readonly generator: GeneratorJudgement;
}

export interface Observed extends Omit<Measured, "stack"> {
  readonly checked: Judgement;
}

/** Throws a RangeError for a plan that cannot be. */
export function planLoad(seed: number, stack: SoakStack, phases: readonly LoadPhase[]): LoadPlan {
  return checkedPlan({ seed, baseUrl: stack.url, accounts: stack.accounts, phases, limits: PROBE_LIMITS });
}

/** Throws the reason of `signal`. */
export async function loadAndMeasure(options: LoadRunOptions): Promise<Measured> {
  const { stack, plan, say } = options;
  const run = await runLoad(options);
  say(run.drain.drainedMs === undefined ? "not drained" : `drained in ${run.drain.drainedMs} ms; measuring`);
  const figures = await measureRun(run, plan, reportsUrlOf(stack));
  const generator =
    run.startedAt === undefined
      ? { bound: false, because: run.k6.words }
      : await judgeGenerator(plan, join(run.dir, "k6.raw"), run.startedAt);
  return { stack, run, plan, figures, generator };
}

/** Stops the roles for it. */
export async function checkMeasured({ stack, ...measured }: Measured, say: (line: string) => void): Promise<Observed> {
  say("checking every message");
  // Two builds are compared without faults.
  const faultsMin = measured.plan.phases.some(({ kind }) => kind === "fault") ? 1 : 0;
  return { ...measured, checked: await checkStack(measured.run.dir, stack, { faultsMin }) };
}

/** What the checker says, unless what it was given is not all there is. */
export function judgeEvidence({ run, checked, figures }: Observed): {
  readonly verdict: Judgement["verdict"];
  readonly because: string;
} {
  const broken = checked.checks.find(({ verdict }) => verdict === "invalid");
  if (broken !== undefined) {
    const { invariant, name, counted, counterexamples } = broken;
    const [example] = counterexamples;
    const first = example === undefined ? "" : `: ${example.key} ${example.words}`;
    return { verdict: "invalid", because: `${invariant} ${name} is broken ${counted} times${first}` };
  }
  const lost = whyLost(run);
  if (lost !== undefined) return { verdict: "invalid", because: lost };
  const unknown = whyUnknown(run, figures) ?? checked.reasons[0];
  if (unknown !== undefined) return { verdict: "unknown", because: unknown };
  return { verdict: checked.verdict, because: `all ${checked.checks.length} questions about its messages hold` };
}

/** What is on its way lies on a lane; the provider gives a receipt for all that it took. */
export function whyLost({ drain }: Pick<LoadRun, "drain">): string | undefined {
  const { drainedMs, open, waiting } = drain;
  if (drainedMs !== undefined || open.length === 0 || waiting > 0) return undefined;
  return `I1 is broken: ${open.length} messages are not final, and nothing waits for them anywhere: ${open[0]}`;
}

function whyUnknown(
  { k6, history, drain, holes, faults, startedAt }: LoadRun,
  { open }: RunFigures,
): string | undefined {
  if (startedAt === undefined || k6.kind === "crashed" || k6.kind === "stopped") return k6.words;
  const { unreadable, withoutEnd, sends, statusReads } = history;
  if (unreadable > 0 || withoutEnd > 0) {
    return `k6's record has ${unreadable} lines that are none and ${withoutEnd} requests without an end`;
  }
  const asked = k6.summary?.requests ?? Number.NaN;
  if (!(sends + statusReads >= asked))
    return `k6 counts ${asked} requests, and its record holds ${sends + statusReads}`;
  if (holes.length > 0) return `the record has holes: ${holes.slice(0, SHOWN_MAX).join("; ")}`;
  if (drain.drainedMs === undefined) {
    return `not drained: ${drain.open.length} messages open, ${drain.waiting} on lanes`;
  }
  if (open > 0) return `${open} messages of the steady load are not final`;
  const missing = faults.find(({ happened }) => !happened);
  return missing === undefined ? undefined : `the fault ${missing.name} did not happen: ${missing.evidence}`;
}

/** For the report's notes. */
export function describeObserved({ run, figures }: Pick<Observed, "run" | "figures">): readonly string[] {
  const { history, k6, k6Version, sampleNotes } = run;
  const failures = [...history.failures].map(([code, count]) => `${code} ${count}`).join(", ");
  const { cpuSeconds, peakRssMb } = k6.usage;
  return [
    `${history.acceptedMessages} messages accepted in ${history.sends} requests, ${history.statusReads} status reads.`,
    ...(failures === "" ? [] : [`Requests that were not answered 202: ${failures}.`]),
    `k6 ${k6Version} used ${cpuSeconds.toFixed(0)} s of CPU and ${peakRssMb.toFixed(0)} MB at most.`,
    ...(figures.windows.length === 0 ? ["Nothing was steady long enough to be compared."] : []),
    ...sampleNotes.map(({ source, note }) => `Samples of ${source}: ${note}`).slice(0, SHOWN_MAX),
  ];
}
