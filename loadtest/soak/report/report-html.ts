/** A soak's report as one file that needs no other: the verdict first, then what it rests on. */

import type { SoakRecord } from "../soak-record.ts";
import { formatFigure } from "./format-figure.ts";
import { formatDuration, formatOffset, formatTime, isTime } from "./format-time.ts";
import { renderGates } from "./gates-table.ts";
import { type Html, html } from "./html.ts";
import { renderMachine } from "./machine-table.ts";
import { faultMark, invariantMarks, renderMark, verdictMarks, verdictWords } from "./mark.ts";
import { renderPage } from "./page.ts";
import { renderSlopes } from "./slopes-table.ts";
import type { Band, FaultBand, InvariantResult, SoakReport } from "./soak-report.ts";
import { renderTimeLine } from "./time-line.ts";

/** Faults in less of the run than this are drawn a second time, from close by. */
const CLOSE_UP_SHARE = 0.4;
/** Before and after the faults, as a share of what they take. */
const CLOSE_UP_MARGIN = 0.05;

/** The whole page. Every text of the report is escaped, whatever it holds; figures that are no numbers are "–". */
export function renderReport(report: SoakReport): string {
  const { record, gates, invariants, slopes, faults, notes, machine, command } = report;
  const { word } = verdictMarks[record.verdict.name];
  const body = html`${renderHead(record)}<main>
    <h2>The numbers that decide</h2>${renderGates(gates)}
    <p class="quiet">Over the steady part of the run; the median is that of the good runs before it on this machine.
      In the small drawings the dot is this run, the dashed line the median, and the red line the limit where it
      is near.</p>
    <h2>Invariants</h2>${renderInvariants(invariants)}
    <h2>Over time</h2>${renderOverTime(report)}
    <h3>Faults</h3>${renderFaults(faults, record.startedAt)}
    <h2>Slopes</h2>${renderSlopes(slopes)}
    <h2>Machine</h2>${renderMachine(machine, record)}
    <h2>Notes</h2>${renderNotes(notes)}</main>
    <footer>The same run again: <code>${command}</code></footer>`;
  return renderPage(`${word}: soak of ${formatTime(record.startedAt)}`, body);
}

function renderHead({ verdict, startedAt, durationMs, commit, offeredPerSecond }: SoakRecord): Html {
  const { tone } = verdictMarks[verdict.name];
  const [word, sentence] = verdictWords(verdict);
  const facts: readonly (readonly [string, string])[] = [
    ["Begun", formatTime(startedAt)],
    ["Took", formatDuration(durationMs)],
    ["Commit", commit],
    ["Offered", formatFigure(offeredPerSecond, "messages/s")],
  ];
  return html`<header class="${tone}"><p class="over">Godwit, soak</p>
    <h1><span class="word">${word}</span> ${sentence}</h1>
    <dl class="facts">${facts.map(([name, fact]) => html`<div><dt>${name}</dt><dd>${fact}</dd></div>`)}</dl></header>`;
}

const INVARIANT_ORDER: readonly InvariantResult["verdict"][] = ["invalid", "unknown", "valid"];

function renderInvariants(invariants: readonly InvariantResult[]): Html {
  if (invariants.length === 0) return html`<p class="quiet">No invariant was checked.</p>`;
  const sorted = INVARIANT_ORDER.flatMap((verdict) => invariants.filter((result) => result.verdict === verdict));
  const rows = sorted.map(
    ({ invariant, name, verdict, counted }) => html`<tr class="${verdict}"><th scope="row">${invariant}</th>
      <td>${name}</td><td>${renderMark(invariantMarks[verdict])}</td>
      <td class="figure">${formatFigure(counted)}</td></tr>`,
  );
  return html`<div class="wide"><table><caption>${countInvariants(invariants)}</caption><thead><tr>
    <th scope="col">Invariant</th><th scope="col">Check</th><th scope="col">Verdict</th>
    <th scope="col" class="figure">Counterexamples</th></tr></thead><tbody>${rows}</tbody></table></div>`;
}

/** "20 checks: 19 hold, 1 broken, 0 unknown". */
export function countInvariants(invariants: readonly InvariantResult[]): string {
  const count = (verdict: InvariantResult["verdict"]): number =>
    invariants.filter((result) => result.verdict === verdict).length;
  const checks = `${invariants.length} ${invariants.length === 1 ? "check" : "checks"}`;
  return `${checks}: ${count("valid")} hold, ${count("invalid")} broken, ${count("unknown")} unknown`;
}

function renderOverTime({ record, series, phases, faults }: SoakReport): Html {
  const whole = extentOf([{ name: "", from: record.startedAt, to: record.startedAt + record.durationMs }, ...phases]);
  if (whole === undefined || series.length === 0) return html`<p class="quiet">Nothing was measured over time.</p>`;
  const line = { series, phases, faults, start: record.startedAt };
  const spans = phases.map(({ name, from, to }) => {
    return `${name} ${formatOffset(from - record.startedAt)} to ${formatOffset(to - record.startedAt)}`;
  });
  const drawing = html`
    ${renderTimeLine({ ...line, id: "run", title: "Load, latency and depth over the run", ...whole })}
    ${spans.length > 0 ? html`<p class="quiet">Phases: ${spans.join(", ")}.</p>` : ""}`;
  const close = extentOf(faults);
  if (close === undefined || close.to - close.from > CLOSE_UP_SHARE * (whole.to - whole.from)) return drawing;
  const margin = CLOSE_UP_MARGIN * (close.to - close.from);
  const near = { from: close.from - margin, to: close.to + margin };
  return html`${drawing}<h3>The faults from close by</h3>
    ${renderTimeLine({ ...line, id: "close", title: "Load, latency and depth during the faults", ...near })}`;
}

/** From the first to the last of them; undefined when that is no time at all. */
function extentOf(bands: readonly Band[]): { readonly from: number; readonly to: number } | undefined {
  const real = bands.filter(({ from, to }) => isTime(from) && isTime(to));
  const from = real.reduce((least, band) => Math.min(least, band.from), Number.POSITIVE_INFINITY);
  const to = real.reduce((most, band) => Math.max(most, band.to), Number.NEGATIVE_INFINITY);
  return to > from ? { from, to } : undefined;
}

function renderFaults(faults: readonly FaultBand[], start: number): Html {
  if (faults.length === 0) return html`<p class="quiet">No fault was caused in this run.</p>`;
  const rows = faults.map(
    (fault, i) => html`<tr><td class="figure">${i + 1}</td><th scope="row">${fault.name}</th>
      <td class="figure">${formatOffset(fault.from - start)}</td>
      <td class="whole">${formatDuration(fault.to - fault.from)}</td>
      <td>${renderMark(faultMark(fault))}</td><td class="prose">${fault.evidence}</td></tr>`,
  );
  return html`<div class="wide"><table><thead><tr><th scope="col" class="figure">No.</th><th scope="col">Fault</th>
    <th scope="col" class="figure">At</th><th scope="col">For</th><th scope="col">Was it?</th>
    <th scope="col">Evidence</th></tr></thead><tbody>${rows}</tbody></table></div>`;
}

function renderNotes(notes: readonly string[]): Html {
  if (notes.length === 0) return html`<p class="quiet">Nothing else to know.</p>`;
  return html`<ul class="notes">${notes.map((note) => html`<li>${note}</li>`)}</ul>`;
}
