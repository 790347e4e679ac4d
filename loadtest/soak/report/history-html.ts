/** All runs that are kept, on one page: by machine, since numbers of different machines say nothing of each other. */
import type { GatedNumbers, SoakRecord } from "../soak-record.ts";
import { formatChange, formatFigure } from "./format-figure.ts";
import { formatDay, formatDuration, formatTime } from "./format-time.ts";
import { type Html, html } from "./html.ts";
import { renderMark, verdictMarks, verdictWords } from "./mark.ts";
import { renderPage } from "./page.ts";
import { renderSparkline } from "./sparkline.ts";

/** A quarter of a year of nights. */
export const HISTORY_RUNS_MAX = 90;

interface NumberWords {
  readonly name: string;
  readonly unit: string;
  /** For the head of a narrow column. */
  readonly short: string;
}

const NUMBERS: Readonly<Record<keyof GatedNumbers, NumberWords>> = {
  ratePerSecond: { name: "rate at the fixed load", unit: "messages/s", short: "Rate" },
  endToEndP50Ms: { name: "end to end p50", unit: "ms", short: "p50" },
  endToEndP95Ms: { name: "end to end p95", unit: "ms", short: "p95" },
  endToEndP99Ms: { name: "end to end p99", unit: "ms", short: "p99" },
  handlingMs: { name: "handlers of a step", unit: "ms", short: "Stage" },
  cpuSecondsPerThousand: { name: "CPU per 1,000 messages", unit: "s", short: "CPU" },
  failures: { name: "failures", unit: "", short: "Failures" },
  peakHeapMb: { name: "peak heap", unit: "MB", short: "Heap" },
  projectionLagP95Ms: { name: "projection lag p95", unit: "ms", short: "Lag p95" },
};
const NAMES = Object.keys(NUMBERS) as (keyof GatedNumbers)[];

/** The HISTORY_RUNS_MAX newest of `records`, which may be in any order; the machine that ran last comes first. */
export function renderHistory(records: readonly SoakRecord[]): string {
  const newest = records.toSorted((a, b) => b.startedAt - a.startedAt).slice(0, HISTORY_RUNS_MAX);
  const machines = [...Map.groupBy(newest, ({ fingerprint }) => fingerprint)];
  const left = records.length - newest.length;
  const older = left > 0 ? ` ${formatFigure(left)} older ones are not shown.` : "";
  const body = html`${renderHead(newest, machines.length)}
    <main>${machines.map(([fingerprint, runs], i) => renderMachine(fingerprint, runs, `machine-${i}`))}</main>
    <footer>Medians are of the runs with the verdict OK.${older}</footer>`;
  return renderPage("Soak runs", body);
}

function renderHead(runs: readonly SoakRecord[], machines: number): Html {
  const last = runs[0];
  if (last === undefined)
    return html`<header><p class="over">Godwit, soak</p><h1>No run has been kept yet.</h1></header>`;
  const { tone } = verdictMarks[last.verdict.name];
  const [word, sentence] = verdictWords(last.verdict);
  const many = `${countOf(runs, "run")} on ${machines} ${machines === 1 ? "machine" : "machines"}`;
  return html`<header class="${tone}">
    <p class="over">Godwit, soak: ${many}; the last, of ${formatDay(last.startedAt)}</p>
    <h1><span class="word">${word}</span> ${sentence}</h1>
    </header>`;
}

function countOf(all: readonly unknown[], what: string): string {
  return `${all.length} ${all.length === 1 ? what : `${what}s`}`;
}

/** `runs` are the newest first, at least one. */
function renderMachine(fingerprint: string, runs: readonly SoakRecord[], id: string): Html {
  const rows = NAMES.map((number, i) => renderNumber(number, runs, `${id}-${i}`));
  const heads = NAMES.map(
    (number) => html`<th scope="col" class="figure">${NUMBERS[number].short}<br>${shortUnit(number)}</th>`,
  );
  return html`<h2>Machine <code>${fingerprint}</code></h2>
    <div class="wide"><table><caption>The numbers, over ${countOf(runs, "run")}</caption>
    <thead><tr><th scope="col">Number</th><th scope="col" class="figure">Last run</th>
    <th scope="col" class="figure">Median</th><th scope="col" class="figure">Against it</th>
    <th scope="col">Runs until now</th></tr></thead><tbody>${rows}</tbody></table></div>
    <h3>Runs</h3><div class="wide"><table class="runs"><thead><tr>
    <th scope="col">Begun (UTC)</th><th scope="col">Verdict</th>
    <th scope="col" class="figure">Took</th><th scope="col">Commit</th>
    <th scope="col" class="figure">Offered<br>/s</th>${heads}</tr></thead><tbody>${runs.map(renderRun)}</tbody>
    </table></div>`;
}

function renderNumber(number: keyof GatedNumbers, runs: readonly SoakRecord[], id: string): Html {
  const { name, unit } = NUMBERS[number];
  const present = runs[0]?.numbers[number] ?? Number.NaN;
  const median = medianOf(runs.filter(({ verdict }) => verdict.name === "ok").map(({ numbers }) => numbers[number]));
  const history = runs
    .slice(1)
    .map(({ numbers }) => numbers[number])
    .reverse();
  const line = { id, name, unit, history, present, ...(median === undefined ? {} : { median }) };
  return html`<tr><th scope="row">${name}<span class="unit">${unit}</span></th>
    <td class="figure strong">${formatFigure(present)}</td><td class="figure">${formatFigure(median)}</td>
    <td class="figure">${formatChange(present, median)}</td>
    <td>${renderSparkline({ ...line, width: 460, height: 44 })}</td></tr>`;
}

function medianOf(values: readonly number[]): number | undefined {
  const sorted = values.filter(Number.isFinite).sort((a, b) => a - b);
  const [low, high] = [sorted[Math.ceil(sorted.length / 2) - 1], sorted[Math.floor(sorted.length / 2)]];
  return low === undefined || high === undefined ? undefined : (low + high) / 2;
}

function shortUnit(number: keyof GatedNumbers): string {
  const { unit } = NUMBERS[number];
  return number === "cpuSecondsPerThousand" ? "s/1,000" : unit.replace("messages", "");
}

function renderRun({ startedAt, durationMs, commit, offeredPerSecond, numbers, verdict }: SoakRecord): Html {
  const figures = NAMES.map((number) => html`<td class="figure">${formatFigure(numbers[number])}</td>`);
  const because = html`<tr class="because"><td></td>
    <td class="prose" colspan="${4 + NAMES.length}">${verdict.because}</td></tr>`;
  return html`<tr><th scope="row">${formatTime(startedAt).replace(" UTC", "")}</th>
    <td>${renderMark(verdictMarks[verdict.name])}</td><td class="figure">${formatDuration(durationMs)}</td>
    <td><code>${commit}</code></td><td class="figure">${formatFigure(offeredPerSecond)}</td>${figures}</tr>
    ${verdict.name === "ok" ? "" : because}`;
}
