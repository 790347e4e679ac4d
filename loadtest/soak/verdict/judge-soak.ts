/** The verdict on a soak run, with one sentence for people that says what decided it. Pure. */
import type { SoakRecord, SoakVerdict } from "../soak-record.ts";
import { GATE_KINDS, type RunUnderJudgement, worseBy } from "./gate-kinds.ts";
import { type Gate, judgeGates, type PairedResults } from "./judge-gates.ts";
import { LEAK_SHARE_PER_HOUR, type LeakSlope } from "./leak-slope.ts";
import { type Drift, driftsOf, whyNoisy } from "./noise.ts";
import { BASELINE_RUNS_MIN } from "./robust-history.ts";

/** Something that was watched for growth. */
export interface WatchedSlope {
  /** As in "worker-1 live heap". */
  readonly what: string;
  readonly unit: string;
  readonly slope: LeakSlope;
  /** False where growth may be laziness of the collector or data that is kept on purpose: told, not judged. */
  readonly gates: boolean;
}

export interface SoakEvidence {
  readonly run: RunUnderJudgement;
  /** What the checker says of every message, and why in one sentence. */
  readonly invariants: { readonly verdict: "valid" | "invalid" | "unknown"; readonly because: string };
  /** Whether the generator had too little of the machine to offer what was planned, and why in one sentence. */
  readonly generator: { readonly bound: boolean; readonly because: string };
  /** Of k6, those that were crossed: what the generator saw was too late, or refused. */
  readonly crossedThresholds: readonly string[];
  readonly slopes: readonly WatchedSlope[];
  /** All earlier runs, oldest first, of any machine and load. */
  readonly history: readonly SoakRecord[];
  /** Of a paired run with the last good build, where there was one. */
  readonly paired?: PairedResults;
}

export interface SoakJudgement {
  readonly verdict: SoakVerdict;
  readonly gates: readonly Gate[];
  readonly drifts: readonly Drift[];
  /** Those that gate and leak. */
  readonly leaks: readonly WatchedSlope[];
}

/**
 * Judges a run. Invalid > noisy > regressed > ok:
 *
 * - A lost or doubled message is one on any machine: noise excuses nothing. What was not checked, or not measured, may
 *   not be green either, and is no noise that goes away tomorrow.
 * - On a machine that changed under the run, or behind a generator that was the bottleneck, a slow number accuses the
 *   build of what it did not do, and a fast one frees it of what it did. So noise stands above regressed and ok.
 * - Only then do numbers and slopes decide. They are in the judgement whatever the verdict is.
 */
export function judgeSoak(evidence: SoakEvidence): SoakJudgement {
  const { run, history, paired, slopes } = evidence;
  const gates = judgeGates(run, history, paired);
  const drifts = driftsOf(run.before, run.after);
  const leaks = slopes.filter(({ gates, slope }) => gates && slope.verdict === "leak");
  const verdict =
    whyInvalid(evidence, gates) ??
    whyNotQuiet(evidence, drifts) ??
    whyRegressed(gates, leaks, evidence) ??
    whyOk(gates);
  return { verdict, gates, drifts, leaks };
}

function whyInvalid({ invariants }: SoakEvidence, gates: readonly Gate[]): SoakVerdict | undefined {
  const { verdict, because } = invariants;
  if (verdict === "invalid") return { name: "invalid", because };
  if (verdict === "unknown")
    return { name: "invalid", because: `whether all messages are right is not known: ${because}` };
  const missing = gates.find(({ outcome }) => outcome === "unmeasured");
  return missing && { name: "invalid", because: `${missing.words} was not measured` };
}

function whyNotQuiet({ generator }: SoakEvidence, drifts: readonly Drift[]): SoakVerdict | undefined {
  if (generator.bound) return { name: "noisy", because: generator.because };
  const because = whyNoisy(drifts);
  return because === undefined ? undefined : { name: "noisy", because };
}

function whyRegressed(
  gates: readonly Gate[],
  leaks: readonly WatchedSlope[],
  { crossedThresholds }: SoakEvidence,
): SoakVerdict | undefined {
  // The furthest beyond what was allowed first: what is slow at its source is less so in all that follows from it.
  const broken = gates.filter(({ outcome }) => outcome === "broken").toSorted((a, b) => beyond(b) - beyond(a));
  const crossed = crossedThresholds.map((threshold) => `the load's own threshold was crossed: ${threshold}`);
  // A leak comes first: the peak of the heap, and what a full heap makes slow, follow from it.
  const reasons = [...leaks.map(tellLeak), ...broken.map(({ words, tells }) => `${words} ${tells}`), ...crossed];
  const [first] = reasons;
  if (first === undefined) return undefined;
  const more = reasons.length - 1;
  return { name: "regressed", because: more === 0 ? first : `${first} (and ${more} more)` };
}

/** As a share of what was allowed; below zero for one that only a pair or a change point accuses. */
function beyond({ name, value, limit }: Gate): number {
  return worseBy(GATE_KINDS[name], value, limit) / Math.abs(limit);
}

function tellLeak({ what, unit, slope }: WatchedSlope): string {
  const { perHour, low, high, sharePerHour, hoursToLimit } = slope;
  const left = hoursToLimit === undefined ? "" : `; ${hoursToLimit.toFixed(1)} hours are left`;
  const share = Number.isFinite(sharePerHour) ? `${(sharePerHour * 100).toFixed(1)} %` : "from nothing";
  return (
    `${what} grows by ${perHour.toFixed(2)} ${unit} an hour (${low.toFixed(2)} to ${high.toFixed(2)}; ${share}, ` +
    `and ${LEAK_SHARE_PER_HOUR * 100} % is a leak)${left}`
  );
}

function whyOk(gates: readonly Gate[]): SoakVerdict {
  const compared = gates.find(({ baseline }) => baseline !== undefined)?.baseline;
  if (compared === undefined) {
    const few = `ok (no baseline): fewer than ${BASELINE_RUNS_MIN} comparable good runs`;
    return { name: "ok", because: `${few}; all is within the limits that hold everywhere` };
  }
  const refuted = gates.find(({ outcome }) => outcome === "refuted");
  if (refuted !== undefined) return { name: "ok", because: `${refuted.words} ${refuted.tells}` };
  return {
    name: "ok",
    because: `all ${gates.length} numbers are within what the last ${compared.runs} good runs allow`,
  };
}
