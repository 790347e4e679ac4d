/** A soak's report for a terminal: what decided, and where the rest is. */
import { formatChange, formatFigure, NOTHING } from "./format-figure.ts";
import { formatDuration, formatTime } from "./format-time.ts";
import { limitWord } from "./gates-table.ts";
import { gateMarks, slopeMarks, verdictWords } from "./mark.ts";
import { countInvariants } from "./report-html.ts";
import { hoursToLimitOf, intervalOf } from "./slopes-table.ts";
import type { FaultBand, GateResult, Slope, SoakReport } from "./soak-report.ts";

export const SUMMARY_LINES_MAX = 15;
/** A longer one would wrap and push the verdict off the screen; the line of the files is never cut. */
const COLUMNS_MAX = 120;
/** Verdict, run, invariants, slope, faults and notes, files. */
const OTHER_LINES = 6;
const GATE_LINES_MAX = SUMMARY_LINES_MAX - OTHER_LINES;
const FAULTS_NAMED_MAX = 3;

/** At most SUMMARY_LINES_MAX lines without an end of line or a control character. `files` are what was written. */
export function summarize(report: SoakReport, files: readonly string[]): readonly string[] {
  const { record, invariants, slopes, faults, notes } = report;
  const lines = [
    verdictWords(record.verdict).join(" "),
    `run         ${formatTime(record.startedAt)}, ${formatDuration(record.durationMs)}, commit ${record.commit}, ` +
      `${formatFigure(record.offeredPerSecond, "messages/s")} offered`,
    ...gateLines(report.gates),
    `invariants  ${countInvariants(invariants)}${brokenOf(report)}`,
    `slopes      ${slopeLine(slopes)}`,
    `faults      ${faultLine(faults)}${notes.length > 0 ? `; ${notes.length} notes in the report` : ""}`,
  ].map((line) => cut(plain(line)));
  return [...lines, plain(`files       ${files.length > 0 ? files.join(" ") : NOTHING}`)];
}

/** The bad ones first where there is not room for all: nothing that decided is left out. */
function gateLines(gates: readonly GateResult[]): readonly string[] {
  const room = gates.length > GATE_LINES_MAX ? GATE_LINES_MAX - 1 : GATE_LINES_MAX;
  const kept = new Set([...gates].sort((a, b) => rank(a) - rank(b)).slice(0, room));
  const shown = gates.filter((gate) => kept.has(gate));
  const rows = shown.map((gate) => [
    `  ${gateMarks[gate.outcome].symbol} ${gate.name}`,
    formatFigure(gate.value, gate.unit),
    gate.median === undefined
      ? "no median"
      : `median ${formatFigure(gate.median)} (${formatChange(gate.value, gate.median)})`,
    `${limitWord(gate)} ${formatFigure(gate.limit)}`,
    gateMarks[gate.outcome].word,
  ]);
  const widths = [0, 1, 2, 3].map((column) => Math.max(0, ...rows.map((row) => row[column]?.length ?? 0)));
  const lines = rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
  const more = gates.filter((gate) => !kept.has(gate));
  const worse = more.filter((gate) => gate.outcome === "regressed").length;
  const rest = `  and ${more.length} more${worse > 0 ? `, ${worse} of them regressed` : ", none of them regressed"}`;
  return more.length > 0 ? [...lines, rest] : lines;
}

function rank({ outcome }: GateResult): number {
  return outcome === "regressed" ? 0 : 1;
}

function brokenOf({ invariants }: SoakReport): string {
  const broken = invariants.filter(({ verdict }) => verdict !== "valid");
  if (broken.length === 0) return "";
  return ` (${broken.map(({ invariant, name, counted }) => `${invariant} ${name}: ${counted}`).join("; ")})`;
}

const SLOPE_RANK: Readonly<Record<Slope["verdict"], number>> = { leak: 2, lazy: 1, flat: 0 };

function slopeLine(slopes: readonly Slope[]): string {
  const finite = slopes.filter(({ percentPerHour }) => Number.isFinite(percentPerHour));
  const [worst] = finite.sort(
    (a, b) => SLOPE_RANK[b.verdict] - SLOPE_RANK[a.verdict] || b.percentPerHour - a.percentPerHour,
  );
  if (worst === undefined) return "none taken";
  const { symbol, word } = slopeMarks[worst.verdict];
  const limit = worst.hoursToLimit === undefined ? "" : `, hours to its limit: ${hoursToLimitOf(worst)}`;
  return `${symbol} ${word} at worst: ${worst.what}, ${intervalOf(worst)} an hour${limit}`;
}

function faultLine(faults: readonly FaultBand[]): string {
  if (faults.length === 0) return "none caused";
  const missing = faults.filter(({ happened }) => !happened);
  const count = `${faults.length - missing.length} of ${faults.length} happened`;
  if (missing.length === 0) return count;
  const more = missing.length > FAULTS_NAMED_MAX ? ", …" : "";
  return `${count}; not: ${missing
    .slice(0, FAULTS_NAMED_MAX)
    .map(({ name }) => name)
    .join(", ")}${more}`;
}

/** One line without what would move a terminal's cursor or change its colours. */
function plain(line: string): string {
  return line
    .toWellFormed()
    .replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, " ")
    .replaceAll("\u00a0", " ")
    .trimEnd();
}

function cut(line: string): string {
  return line.length > COLUMNS_MAX ? `${line.slice(0, COLUMNS_MAX - 1).toWellFormed()}…` : line;
}
