/**
 * Each gated number of a run by itself: against the limits that hold everywhere, the last good runs, the points at
 * which the history changed, or a paired run of two builds in the same night. Pure.
 */
import type { SoakRecord } from "../soak-record.ts";
import { changeShare, findChangePoints } from "./change-points.ts";
import { GATE_KINDS, GATE_NAMES, type GateKind, type GateName, type RunUnderJudgement, worseBy } from "./gate-kinds.ts";
import type { PairedResult } from "./paired-blocks.ts";
import { baselineOf, comparableRuns, judgeByHistory } from "./robust-history.ts";

/**
 * A change that nobody undid for longer is what the build does now. As many runs as the window of the method: of a slow
 * drift the change is in the middle, and with 30 two tenths of a percent a night were forgotten while they went on.
 */
export const CHANGE_RUNS_MAX = 50;

export type PairedResults = Readonly<Partial<Record<GateName, PairedResult>>>;

export interface Gate {
  readonly name: GateName;
  readonly words: string;
  readonly unit: string;
  readonly value: number;
  /** Undefined where too few runs are comparable. */
  readonly baseline: { readonly median: number; readonly runs: number } | undefined;
  /** The worst that was allowed, by the history or, without a baseline, everywhere. */
  readonly limit: number;
  /** `refuted`: worse than the history allows, and two builds side by side showed no difference. */
  readonly outcome: "held" | "broken" | "refuted" | "unmeasured";
  /** What decided the outcome. */
  readonly by: "absolute limit" | "history" | "paired run" | "change point";
  /** A clause on how far it is from what, which follows the number's words: "is 412 ms, 18 % above ...". */
  readonly tells: string;
}

/** All gated numbers of `run`, in the order that people read them. `history` is oldest first, of any machine. */
export function judgeGates(
  run: RunUnderJudgement,
  history: readonly SoakRecord[],
  paired: PairedResults = {},
): readonly Gate[] {
  const comparable = comparableRuns(history, run);
  return GATE_NAMES.map((name) => judgeGate(name, run, comparable, paired[name]));
}

function judgeGate(
  name: GateName,
  run: RunUnderJudgement,
  comparable: readonly SoakRecord[],
  pair: PairedResult | undefined,
): Gate {
  const kind = GATE_KINDS[name];
  const value = kind.valueOf(run);
  const { words, unit } = kind;
  const byHistory = judgeAlone(kind, run, comparable, value);
  const gate: Gate = { name, words, unit, value, ...byHistory };
  if (!Number.isFinite(value)) return { ...gate, outcome: "unmeasured", tells: "was not measured" };
  const change = gate.baseline === undefined ? undefined : lastingChange(kind, comparable, value);
  if (pair?.outcome === "regressed") return { ...gate, outcome: "broken", by: "paired run", tells: tellPair(pair) };
  // What came over weeks cannot be refuted by a comparison with yesterday's build: each night has only its share.
  if (change !== undefined) return { ...gate, outcome: "broken", by: "change point", tells: change };
  if (gate.outcome === "broken" && gate.by === "history" && pair?.outcome === "held") {
    return { ...gate, outcome: "refuted", by: "paired run", tells: `${gate.tells}; but ${tellPair(pair)}` };
  }
  return gate;
}

type Alone = Pick<Gate, "baseline" | "limit" | "outcome" | "by" | "tells">;

function judgeAlone(kind: GateKind, run: RunUnderJudgement, comparable: readonly SoakRecord[], value: number): Alone {
  const good = comparable.filter(({ verdict }) => verdict.name === "ok").map((past) => kind.valueOf(past));
  const baseline = baselineOf(good);
  const is = `is ${amount(value)} ${kind.unit}`;
  if (baseline === undefined) {
    const limit = kind.absoluteLimit(run);
    const outcome = worseBy(kind, value, limit) <= 0 ? "held" : "broken";
    const allowed = kind.worse === "higher" ? "at most" : "at least";
    const tells = `${is}, and without a baseline has to be ${allowed} ${amount(limit)}`;
    return { baseline: undefined, limit, outcome, by: "absolute limit", tells };
  }
  const { limit, broken } = judgeByHistory(value, baseline, kind);
  const { median, runs } = baseline;
  const than = `${apart(value, median)} the median of ${runs} runs (${amount(median)})`;
  const tells = `${is}, ${than}; ${amount(limit)} was allowed`;
  return { baseline: { median, runs }, limit, outcome: broken ? "broken" : "held", by: "history", tells };
}

/** What the last change of the history did, if it was for the worse, is not long ago, and this run has it too. */
function lastingChange(kind: GateKind, comparable: readonly SoakRecord[], value: number): string | undefined {
  const values = [...comparable.map((past) => kind.valueOf(past)), value];
  const last = findChangePoints(values, kind.floorShare).at(-1);
  if (last === undefined || values.length - last.index > CHANGE_RUNS_MAX) return undefined;
  const grown = worseBy(kind, last.after, last.before);
  // The night that brings the cure is green at once, long before the cure is a change point of its own.
  const cured = worseBy(kind, value, (last.before + last.after) / 2) < 0;
  if (cured || grown < kind.floorAbsolute || grown <= 0) return undefined;
  const first = comparable[last.index]?.commit ?? "this run";
  const percent = percentOf(changeShare(last));
  return (
    `went from ${amount(last.before)} to ${amount(last.after)} ${kind.unit} (${percent}) ` +
    `${values.length - last.index} runs ago and stayed there, from ${first} on`
  );
}

function tellPair({ ratio, low, high, pairs, outcome }: PairedResult): string {
  const interval = `95 % of ${amount(low)} to ${amount(high)}, ${pairs} pairs`;
  if (outcome === "regressed") return `is ${amount(ratio)} times that of the build it was paired with (${interval})`;
  return `two builds side by side showed no such difference (${amount(ratio)} times, ${interval})`;
}

function apart(value: number, reference: number): string {
  if (value === reference) return "as";
  const side = value > reference ? "above" : "below";
  // Of nothing there is no percentage.
  if (reference === 0) return side;
  return `${Math.abs((value / reference - 1) * 100).toFixed(1)} % ${side}`;
}

function percentOf(share: number): string {
  return `${share < 0 ? "−" : "+"}${Math.abs(share * 100).toFixed(1)} %`;
}

/** Three digits that count, and never an exponent. */
function amount(value: number): string {
  return Math.abs(value) >= 100 ? String(Math.round(value)) : String(Number(value.toPrecision(3)));
}
