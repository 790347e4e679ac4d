/** The numbers that decide: what they are, what they were, what they may be. */
import { formatChange, formatFigure } from "./format-figure.ts";
import { type Html, html } from "./html.ts";
import { gateMarks, renderMark } from "./mark.ts";
import type { GateResult } from "./soak-report.ts";
import { renderSparkline } from "./sparkline.ts";

/** A rate may not fall, all else may not rise. */
export function limitWord({ unit }: GateResult): "at least" | "at most" {
  return unit.endsWith("/s") ? "at least" : "at most";
}

export function renderGates(gates: readonly GateResult[]): Html {
  if (gates.length === 0) return html`<p class="quiet">No number was gated.</p>`;
  return html`<div class="wide"><table class="gates"><thead><tr>
    <th scope="col">Number</th><th scope="col" class="figure">This run</th>
    <th scope="col" class="figure">Yesterday</th><th scope="col" class="figure">Median</th>
    <th scope="col" class="figure">Against it</th><th scope="col" class="figure">Limit</th>
    <th scope="col">Outcome</th><th scope="col">Runs until now</th></tr></thead>
    <tbody>${gates.map(renderGate)}</tbody></table></div>`;
}

function renderGate(gate: GateResult, i: number): Html {
  const { name, unit, value, yesterday, median, limit, outcome, history } = gate;
  const line = renderSparkline({
    id: `gate-${i}`,
    name,
    unit,
    history,
    present: value,
    ...(median === undefined ? {} : { median }),
    limit,
    width: 150,
    height: 32,
  });
  return html`<tr class="${outcome}"><th scope="row">${name}<span class="unit">${unit}</span></th>
    <td class="figure strong">${formatFigure(value)}</td><td class="figure">${formatFigure(yesterday)}</td>
    <td class="figure">${formatFigure(median)}</td><td class="figure">${formatChange(value, median)}</td>
    <td class="figure"><span class="quiet">${limitWord(gate)}</span> ${formatFigure(limit)}</td>
    <td>${renderMark(gateMarks[outcome])}</td><td>${line}</td></tr>`;
}
