/** What was judged, as the report shows it. Pure. */
import type { CheckResult } from "../../../proof/checker/judgement.ts";
import type { Machine } from "../../machine.ts";
import type { GateResult, Slope, SoakReport } from "../report/soak-report.ts";
import type { SoakRecord } from "../soak-record.ts";
import { GATE_KINDS, type RunUnderJudgement } from "../verdict/gate-kinds.ts";
import type { Gate } from "../verdict/judge-gates.ts";
import type { SoakJudgement, WatchedSlope } from "../verdict/judge-soak.ts";
import { comparableRuns } from "../verdict/robust-history.ts";
import type { RunFigures } from "./measure-run.ts";
import type { LoadRun } from "./run-load.ts";

export interface JudgedRun {
  readonly command: string;
  readonly machine: Machine;
  readonly under: RunUnderJudgement;
  readonly judgement: SoakJudgement;
  readonly checks: readonly CheckResult[];
  readonly run: LoadRun;
  readonly figures: RunFigures;
  readonly history: readonly SoakRecord[];
  readonly notes: readonly string[];
}

export function composeReport(judged: JudgedRun): SoakReport {
  const { under, judgement, history, run, figures, checks } = judged;
  const before = comparableRuns(history, under);
  return {
    command: judged.command,
    record: { ...under, verdict: judgement.verdict },
    machine: judged.machine,
    gates: judgement.gates.map((gate) => toGateResult(gate, before)),
    invariants: checks.map(({ invariant, name, verdict, counted }) => ({ invariant, name, verdict, counted })),
    phases: run.phases,
    faults: run.faults,
    series: figures.series,
    slopes: figures.slopes.flatMap(toReportSlope),
    notes: [...judged.notes, ...costNotes(figures)],
  };
}

const OUTCOMES: Readonly<Record<Gate["outcome"], GateResult["outcome"]>> = {
  held: "ok",
  refuted: "ok",
  broken: "regressed",
  unmeasured: "regressed",
};

function toGateResult(gate: Gate, before: readonly SoakRecord[]): GateResult {
  const { name, words, unit, value, baseline, limit, outcome } = gate;
  const history = before.map((past) => GATE_KINDS[name].valueOf(past));
  const yesterday = history.at(-1);
  return {
    name: words,
    unit,
    value,
    ...(yesterday !== undefined && { yesterday }),
    ...(baseline !== undefined && { median: baseline.median }),
    limit,
    outcome: baseline === undefined && outcome === "held" ? "no_baseline" : OUTCOMES[outcome],
    history,
  };
}

function toReportSlope({ what, slope, gates }: WatchedSlope): readonly Slope[] {
  const { perHour, low, high, sharePerHour, hoursToLimit, verdict } = slope;
  if (verdict === "too few" || perHour === 0 || !Number.isFinite(sharePerHour)) return [];
  const percent = (value: number): number => (value / perHour) * sharePerHour * 100;
  return [
    {
      what,
      percentPerHour: percent(perHour),
      interval: [percent(low), percent(high)],
      ...(hoursToLimit !== undefined && { hoursToLimit }),
      verdict: verdict === "leak" ? (gates ? "leak" : "lazy") : "flat",
    },
  ];
}

function costNotes({ costs, windows }: RunFigures): readonly string[] {
  if (costs === undefined) return [];
  const list = [...costs.byProcess].map(([name, seconds]) => `${name} ${seconds.toFixed(2)}`);
  const seconds = windows.reduce((sum, { from, to }) => sum + to - from, 0) / 1_000;
  return [
    `CPU seconds per 1,000 messages: ${list.join(", ")} (k6 and the simulator do not count).`,
    `Compared are ${seconds.toFixed(0)} s of steady load, in ${windows.length} parts.`,
  ];
}
