/**
 * The plan as k6 is told it: a scenario for each stream, all in the open model, and the thresholds that decide its exit
 * code. k6 keeps every value of a trend for the whole run (8 bytes each): what is bounded is how many there are. The
 * probe is at most 25 requests a second with ten trends, so 4 hours take 30 MB, twice that while a list grows; and no
 * address or id ever becomes a tag, as each value of a tag is a series of its own. Pure.
 */
import type { Options, Scenario, Threshold } from "k6/options";
import { type LoadPlan, type LoadStream, streamsOf } from "../soak/load-plan.ts";
import type { LoadPhase, PhaseKind } from "../soak/plan-phases.ts";

/** From when a request was due to its answer, whole. */
export const PROBE_TREND = "probe_from_due_ms";
/** Requests that were refused, not answered, or answered otherwise than they had to be. */
export const FAILED_COUNTER = "requests_failed";
/** An edge answers within 25 seconds: docs/INTEGRATE.md. */
export const REQUEST_TIMEOUT_MS = 30_000;

/** What answers take when all is well, twice; each user of k6 costs memory from the start. */
const VUS_FOR_SECONDS = 2;
/** A platform that answers nothing for longer makes k6 drop iterations. */
const STALL_SECONDS_MAX = 10;
const VUS_MIN = 4;
/** Before that a percentile is of a few requests. */
const ABORT_AFTER = "5s";

/** What each kind of phase has to keep. */
const RULES: Readonly<Record<PhaseKind, { readonly noneDropped: boolean; readonly noneFailed: boolean }>> = {
  warm_up: { noneDropped: true, noneFailed: true },
  steady: { noneDropped: true, noneFailed: true },
  // Twice the load may be more than the platform takes; then it says so, and alerts go first.
  burst: { noneDropped: true, noneFailed: false },
  fault: { noneDropped: false, noneFailed: false },
  settle: { noneDropped: true, noneFailed: false },
  step: { noneDropped: true, noneFailed: true },
  idle: { noneDropped: true, noneFailed: true },
  drain: { noneDropped: true, noneFailed: true },
};
/** k6 puts a metric of one phase into its summary only if a threshold names it. */
const REPORTED_ONLY = { count: "count>=0", trend: "max>=0" } as const;

export function optionsOf(plan: LoadPlan): Options {
  const streams = streamsOf(plan);
  const phases = [...new Set(streams.map(({ phase }) => phase))];
  return {
    scenarios: Object.fromEntries(streams.map((stream) => [stream.name, scenarioOf(stream)])),
    thresholds: Object.fromEntries([
      ...phases.flatMap((phase) => thresholdsOf(plan, phase)),
      ...streams.map(({ name, phase }) => [droppedOf(name), counts(RULES[phase.kind].noneDropped)] as const),
    ]),
    summaryTrendStats: ["count", "min", "med", "p(95)", "p(99)", "max"],
    systemTags: ["scenario", "name", "status"],
    // Ids come back in the bodies, and bodies of status reads are evidence: none is thrown away.
    discardResponseBodies: false,
  };
}

function scenarioOf({ kind, phase, rate }: LoadStream): Scenario {
  const perSecond = Math.max(rate.perUnit, rate.fromPerUnit ?? 0) / rate.unitSeconds;
  const vus = (seconds: number): number => Math.max(VUS_MIN, Math.ceil(perSecond * seconds));
  const duration = `${rate.durationMs}ms`;
  const timeUnit = `${rate.unitSeconds}s`;
  const shared = {
    exec: kind,
    startTime: `${phase.startMs}ms`,
    gracefulStop: `${REQUEST_TIMEOUT_MS}ms`,
    timeUnit,
    preAllocatedVUs: vus(VUS_FOR_SECONDS),
    maxVUs: vus(STALL_SECONDS_MAX),
    tags: { phase: phase.name, stream: kind },
  };
  if (rate.fromPerUnit === undefined) {
    return { ...shared, executor: "constant-arrival-rate", rate: rate.perUnit, duration };
  }
  const stages = [{ target: rate.perUnit, duration }];
  return { ...shared, executor: "ramping-arrival-rate", startRate: rate.fromPerUnit, stages };
}

function thresholdsOf({ limits }: LoadPlan, { name, kind }: LoadPhase): readonly (readonly [string, Threshold[]])[] {
  const isCompared = kind === "steady" || kind === "step";
  const latency = [`p(95)<${limits.probeP95Ms}`, `p(99)<${limits.probeP99Ms}`];
  return [
    [`${FAILED_COUNTER}{phase:${name}}`, counts(RULES[kind].noneFailed)],
    [`${PROBE_TREND}{phase:${name}}`, isCompared ? latency : [REPORTED_ONLY.trend]],
  ];
}

/** k6 counts what it drops by scenario alone: the tags that we give to a scenario are on its requests only. */
export function droppedOf(stream: string): string {
  return `dropped_iterations{scenario:${stream}}`;
}

function counts(mustBeNone: boolean): Threshold[] {
  return [mustBeNone ? "count==0" : REPORTED_ONLY.count];
}

/** A threshold that is crossed ends the run; those of later phases have no values yet and wait. */
export function abortOnFailure(options: Options): Options {
  const aborting = (threshold: Threshold): Threshold =>
    typeof threshold === "string" ? { threshold, abortOnFail: true, delayAbortEval: ABORT_AFTER } : threshold;
  const thresholds = Object.entries(options.thresholds ?? {});
  return {
    ...options,
    thresholds: Object.fromEntries(thresholds.map(([metric, all]) => [metric, all.map(aborting)])),
  };
}
