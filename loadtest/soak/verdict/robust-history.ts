/**
 * A number against the last good runs: the median says what is usual and the median absolute deviation how far runs lie
 * from it, so that one bad night neither moves the limit nor widens it. Pure. It sees jumps; it is blind to a drift
 * that the median follows, which is what `change-points.ts` is for.
 */
import { median } from "../../queue/repeat.ts";
import type { SoakRecord } from "../soak-record.ts";
import { floorAt, type RunUnderJudgement, type Tolerance, worseBy } from "./gate-kinds.ts";

/** Two weeks of nights: long enough for a median, short enough to follow what was changed on purpose. */
export const BASELINE_RUNS_MAX = 14;
/** A week. With fewer the deviation of the history says more about chance than about the machine. */
export const BASELINE_RUNS_MIN = 7;
/** The median absolute deviation times this is the standard deviation, where the noise is normal. */
const MAD_TO_SIGMA = 1.4826;
/** One run in 700 lies beyond by chance on its worse side. */
const LIMIT_SIGMAS = 3;
/** The knee is pinned by machine; another load is another experiment. */
const OFFERED_SHARE_MAX = 0.02;
/** Indexes, caches and heaps grow with a run: of very different length they are not the same experiment. */
const DURATION_FACTOR_MAX = 2;

/**
 * The runs that `run` may be compared with, oldest first as they are in `history`: before it, on an equal machine, at
 * its load, about as long, and with a verdict on the build (what was noisy or invalid says nothing about it).
 */
export function comparableRuns(history: readonly SoakRecord[], run: RunUnderJudgement): readonly SoakRecord[] {
  return history.filter(
    (past) =>
      past.startedAt < run.startedAt &&
      past.fingerprint === run.fingerprint &&
      Math.abs(past.offeredPerSecond / run.offeredPerSecond - 1) <= OFFERED_SHARE_MAX &&
      Math.max(past.durationMs / run.durationMs, run.durationMs / past.durationMs) <= DURATION_FACTOR_MAX &&
      (past.verdict.name === "ok" || past.verdict.name === "regressed"),
  );
}

export interface Baseline {
  readonly median: number;
  /** The median of how far each lies from that. */
  readonly deviation: number;
  readonly runs: number;
}

/** What is usual of `values`, oldest first, of good runs only; undefined while there are too few of them. */
export function baselineOf(values: readonly number[]): Baseline | undefined {
  const last = values.slice(-BASELINE_RUNS_MAX);
  if (last.length < BASELINE_RUNS_MIN) return undefined;
  const middle = median(last);
  return { median: middle, deviation: median(last.map((value) => Math.abs(value - middle))), runs: last.length };
}

export interface HistoryGate {
  /** The worst that was allowed: the median, and the larger of three deviations and the floor. */
  readonly limit: number;
  readonly broken: boolean;
}

/** Judges `value`, in the unit of the baseline; only the worse side has a limit. */
export function judgeByHistory(value: number, baseline: Baseline, tolerance: Tolerance): HistoryGate {
  const spread = LIMIT_SIGMAS * MAD_TO_SIGMA * baseline.deviation;
  const allowed = Math.max(spread, floorAt(tolerance, baseline.median));
  const limit = baseline.median + (tolerance.worse === "higher" ? allowed : -allowed);
  // Not `> allowed`: what is no number is within nothing.
  return { limit, broken: !(worseBy(tolerance, value, baseline.median) <= allowed) };
}
