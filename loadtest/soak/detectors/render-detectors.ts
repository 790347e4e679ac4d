/** The table of what the soak finds, for people who have to trust its verdict. Pure. */
import { formatTime } from "../report/format-time.ts";
import type { DetectorLine, DetectorRun } from "./detector-runs.ts";

export interface DetectorTable {
  readonly command: string;
  readonly lines: readonly DetectorLine[];
  readonly runs: readonly DetectorRun[];
}

/** Markdown. */
export function renderDetectors({ command, lines, runs }: DetectorTable): string {
  return [
    "# What the soak finds, and what it leaves alone",
    "",
    `\`${command}\` on ${runs[0]?.machine ?? "no machine yet"}.`,
    "A defect is planted into a checkout of the commit, and the run is judged by the runs with nothing planted.",
    "A noisy run says nothing; with a plant it is made again.",
    "",
    ...table(
      ["planted", "what", "runs", "right", "noisy", "has to be", ""],
      lines.map(({ planted, words, runs: count, right, noisy, must, holds }) => [
        ...[planted, words, String(count), String(right), String(noisy), must, holds ? "holds" : "does not hold"],
      ]),
    ),
    "",
    "## Each run",
    "",
    ...table(
      ["started", "commit", "planted", "verdict", "because"],
      runs.map(({ startedAt, commit, planted, verdict, because }) => [
        ...[formatTime(Date.parse(startedAt)), commit, planted, verdict, because],
      ]),
    ),
    "",
  ].join("\n");
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  const line = (cells: readonly string[]): string => `| ${cells.map(toCell).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)];
}

/** What is said of a run may hold anything. */
function toCell(text: string): string {
  return text.replace(/\s+/g, " ").replaceAll("\\", "\\\\").replaceAll("|", "\\|");
}
