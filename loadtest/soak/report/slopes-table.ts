/** What grew over the run, how surely, and when it would meet its limit; all intervals are drawn on one scale. */
import { formatFigure, formatSigned, NOTHING } from "./format-figure.ts";
import { type Html, html } from "./html.ts";
import { renderMark, slopeMarks } from "./mark.ts";
import type { Slope } from "./soak-report.ts";
import { extentOf, isDrawn } from "./value-scale.ts";

const WIDTH = 180;
const HEIGHT = 22;
const MARGIN = 6;

export function renderSlopes(slopes: readonly Slope[]): Html {
  if (slopes.length === 0) return html`<p class="quiet">The run was too short for slopes, or nothing was sampled.</p>`;
  const drawn = slopes.flatMap(({ percentPerHour, interval }) => [percentPerHour, ...interval]).filter(isDrawn);
  const extent = extentOf([...drawn, 0]);
  return html`<div class="wide"><table><thead><tr><th scope="col">What</th>
    <th scope="col" class="figure">Per hour</th><th scope="col" class="figure">99 % interval</th>
    <th scope="col">Interval and zero</th><th scope="col" class="figure">Hours to its limit</th>
    <th scope="col">Verdict</th></tr></thead>
    <tbody>${slopes.map((slope, i) => renderSlope(slope, `slope-${i}`, extent))}</tbody></table></div>`;
}

/** "12"; nothing for what has no limit of ours, or does not grow towards it. */
export function hoursToLimitOf({ hoursToLimit }: Slope): string {
  if (hoursToLimit === undefined) return NOTHING;
  return Number.isFinite(hoursToLimit) ? formatFigure(hoursToLimit) : "never";
}

export function intervalOf({ interval: [low, high] }: Slope): string {
  return `${formatSigned(low, "%")} to ${formatSigned(high, "%")}`;
}

function renderSlope(slope: Slope, id: string, extent: readonly [number, number]): Html {
  return html`<tr><th scope="row">${slope.what}</th>
    <td class="figure strong">${formatSigned(slope.percentPerHour, "%")}</td>
    <td class="figure">${intervalOf(slope)}</td><td>${renderInterval(slope, id, extent)}</td>
    <td class="figure">${hoursToLimitOf(slope)}</td><td>${renderMark(slopeMarks[slope.verdict])}</td></tr>`;
}

function renderInterval(slope: Slope, id: string, [least, most]: readonly [number, number]): Html {
  const { what, percentPerHour, interval } = slope;
  if (![percentPerHour, ...interval].every(isDrawn) || most === least)
    return html`<span class="quiet">${NOTHING}</span>`;
  const x = (value: number): number => MARGIN + ((value - least) / (most - least)) * (WIDTH - 2 * MARGIN);
  const middle = HEIGHT / 2;
  return html`<svg class="interval" width="${WIDTH}" height="${HEIGHT}" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img"
    aria-labelledby="${id}-t ${id}-d"><title id="${id}-t">Slope of ${what}</title>
    <desc id="${id}-d">${formatSigned(percentPerHour, "%")} an hour, ${intervalOf(slope)}.</desc>
    <line class="zero" x1="${x(0)}" x2="${x(0)}" y1="1" y2="${HEIGHT - 1}"/>
    <line class="span" x1="${x(interval[0])}" x2="${x(interval[1])}" y1="${middle}" y2="${middle}"/>
    <circle class="present" cx="${x(percentPerHour)}" cy="${middle}" r="3.5"/></svg>`;
}
