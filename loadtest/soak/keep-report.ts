/** Writes a report where people look for it: a page, the same as JSON, and the page of all runs. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { renderHistory } from "./report/history-html.ts";
import { renderReport } from "./report/report-html.ts";
import { summarize } from "./report/report-summary.ts";
import type { SoakReport } from "./report/soak-report.ts";
import type { SoakRecord } from "./soak-record.ts";

/** Returns the summary for a terminal. `history`: with this run. Throws what the file system says. */
export function keepReport(report: SoakReport, history: readonly SoakRecord[], folder: string): readonly string[] {
  mkdirSync(folder, { recursive: true });
  const files: readonly (readonly [name: string, text: string])[] = [
    ["report.html", renderReport(report)],
    ["report.json", `${JSON.stringify(report, undefined, 2)}\n`],
    ["history.html", renderHistory(history)],
  ];
  const paths = files.map(([name]) => join(folder, name));
  const summary = summarize(report, paths);
  for (const [name, text] of files) writeFileSync(join(folder, name), text);
  writeFileSync(join(folder, "summary.txt"), `${summary.join("\n")}\n`);
  return summary;
}
