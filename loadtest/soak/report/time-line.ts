/**
 * The run over its time: one panel a unit, all on one axis of time, the phases and faults as bands behind all of them.
 * Each line has its own colour and its own dashes, so that it is told from the others on paper too.
 */
import { formatFigure } from "./format-figure.ts";
import { formatOffset, timeTicks } from "./format-time.ts";
import { type Html, html } from "./html.ts";
import { LETTER_WIDTH, PLOT, type PlaceInTime, type TimeLine } from "./plot.ts";
import type { Band, Series } from "./soak-report.ts";
import { type Point, thinPoints } from "./thin-points.ts";
import { renderBands } from "./time-line-bands.ts";
import { extentOf, isDrawn, scaleFor } from "./value-scale.ts";

/** Of a series; what is between a part's lowest and highest value cannot be seen at this width. */
export const SERIES_POINTS_MAX = 600;
/** More lines than this cannot be told apart: a unit with more gets another panel. */
const PANEL_SERIES_MAX = 6;
/** Of all; with the above it bounds the drawing. */
const PANELS_MAX = 12;

const PANEL_HEIGHT = 118;
const PANEL_HEAD = 40;
const AXIS_HEIGHT = 26;
const TIME_TICKS_MAX = 11;
const TICK_NAME_WIDTH = 48;
/** Nothing measured for so many times the usual pause: the line is broken, not drawn across. */
const GAP_PAUSES = 6;

interface Panel {
  readonly unit: string;
  readonly series: readonly Series[];
}

export function renderTimeLine(line: TimeLine): Html {
  const { id, title, from, to, start } = line;
  const x: PlaceInTime = (at) =>
    PLOT.left + ((Math.min(to, Math.max(from, at)) - from) / (to - from)) * (PLOT.right - PLOT.left);
  const panels = panelsOf(line.series);
  const shown = panels.slice(0, PANELS_MAX);
  const left = panels.length - shown.length;
  const bands = renderBands(line, x, (top) => top + shown.length * (PANEL_HEAD + PANEL_HEIGHT));
  const floor = bands.top + shown.length * (PANEL_HEAD + PANEL_HEIGHT);
  const drawn = shown.map((panel, i) =>
    renderPanel(panel, line, x, bands.top + i * (PANEL_HEAD + PANEL_HEIGHT) + PANEL_HEAD),
  );
  const ticks = timeTicks(from - start, to - start, TIME_TICKS_MAX).map((offset) => {
    const at = x(start + offset);
    const anchor = at > PLOT.right - TICK_NAME_WIDTH / 2 ? "end" : "middle";
    return html`<line class="tick" x1="${at}" x2="${at}" y1="${floor}" y2="${floor + 4}"/>
      <text class="${anchor}" x="${at}" y="${floor + 17}">${formatOffset(offset)}</text>`;
  });
  const height = floor + AXIS_HEIGHT;
  return html`<div class="wide"><svg class="timeline" viewBox="0 0 ${PLOT.width} ${height}" role="img"
    aria-labelledby="${id}-t ${id}-d"><title id="${id}-t">${title}</title><desc id="${id}-d">${describe(line)}</desc>
    ${bands.drawing}${drawn}${ticks}</svg></div>
    ${left > 0 ? html`<p class="quiet">${left} more such drawings would be made of the rest of the JSON.</p>` : ""}`;
}

/** By unit, in the order in which the units first come. */
function panelsOf(series: readonly Series[]): readonly Panel[] {
  const byUnit = Map.groupBy(series, ({ unit }) => unit);
  return [...byUnit].flatMap(([unit, all]) =>
    Array.from({ length: Math.ceil(all.length / PANEL_SERIES_MAX) }, (_, i) => ({
      unit,
      series: all.slice(i * PANEL_SERIES_MAX, (i + 1) * PANEL_SERIES_MAX),
    })),
  );
}

function renderPanel({ unit, series }: Panel, { from, to }: TimeLine, x: PlaceInTime, top: number): Html {
  const lines = series.map(({ name, points }) => {
    const inside = points.filter(([at, value]) => at >= from && at <= to && isDrawn(value));
    return { name, gap: gapOf(inside), points: thinPoints(inside, SERIES_POINTS_MAX) };
  });
  const scale = scaleFor(lines.flatMap(({ points }) => points.map(([, value]) => value)));
  const y = (value: number): number => top + PANEL_HEIGHT * (1 - scale.place(value));
  const grid = scale.ticks.map(
    (tick) => html`<line class="grid" x1="${PLOT.left}" x2="${PLOT.right}" y1="${y(tick)}" y2="${y(tick)}"/>
      <text class="end" x="${PLOT.left - 6}" y="${y(tick) + 3.5}">${formatFigure(tick)}</text>`,
  );
  const paths = lines.map(({ points, gap }, i) => html`<path class="line s${i}" d="${pathOf(points, gap, x, y)}"/>`);
  const names = lines.map(({ name, points }) => (points.length === 0 ? `${name} (not measured)` : name));
  const head = `${unit}${scale.logarithmic ? ", by powers of ten" : ""}`;
  return html`<text class="unit" x="${PLOT.left}" y="${top - 22}">${head}</text>${renderLegend(names, top - 8)}
    ${grid}${paths}`;
}

const LEGEND_NAME_LETTERS_MAX = 24;

/** From right to left, below the unit: six lanes take the whole width. */
function renderLegend(names: readonly string[], y: number): Html {
  let right: number = PLOT.right;
  const entries = names.map((_, i) => {
    const at = names.length - 1 - i;
    const name = names[at] ?? "";
    const text = name.length > LEGEND_NAME_LETTERS_MAX ? `${name.slice(0, LEGEND_NAME_LETTERS_MAX - 1)}…` : name;
    const left = right - text.length * LETTER_WIDTH;
    right = left - 44;
    return html`<line class="line s${at}" x1="${left - 28}" x2="${left - 6}" y1="${y - 4}" y2="${y - 4}"/>
      <text class="key" x="${left}" y="${y}">${text}</text>`;
  });
  return html`${entries}`;
}

/** Of points as they were measured, before some are left out. */
function gapOf(points: readonly Point[]): number {
  const pauses = points.slice(1).map(([at], i) => at - (points[i]?.[0] ?? at));
  pauses.sort((a, b) => a - b);
  const usual = pauses[Math.floor(pauses.length / 2)] ?? 0;
  const thinned = ((points.at(-1)?.[0] ?? 0) - (points[0]?.[0] ?? 0)) / (SERIES_POINTS_MAX / 2);
  return Math.max(GAP_PAUSES * usual, 3 * thinned);
}

function pathOf(points: readonly Point[], gap: number, x: PlaceInTime, y: (value: number) => number): readonly Html[] {
  return points.map(([at, value], i) => {
    const before = points[i - 1]?.[0];
    const begins = before === undefined || at - before > gap;
    // A step of no length shows a point that stands alone, as the line's ends are round.
    return begins ? html`M${x(at)} ${y(value)}h0` : html`L${x(at)} ${y(value)}`;
  });
}

function describe({ from, to, start, series, phases, faults }: TimeLine): string {
  const span = ({ name, from: begin, to: end }: Band): string =>
    `${name} ${formatOffset(begin - start)} to ${formatOffset(end - start)}`;
  const peaks = series.slice(0, PANELS_MAX * PANEL_SERIES_MAX).map(({ name, unit, points }) => {
    const values = points.flatMap(([at, value]) => (at >= from && at <= to && isDrawn(value) ? [value] : []));
    const [low, high] = extentOf(values);
    return values.length === 0
      ? `${name} was not measured`
      : `${name} ${formatFigure(low)} to ${formatFigure(high, unit)}`;
  });
  return [
    ...peaks.map((peak) => `${peak}.`),
    phases.length > 0 ? `Phases: ${phases.map(span).join(", ")}.` : "",
    faults.length > 0 ? `Faults: ${faults.map(({ name }) => name).join(", ")}; their table is below.` : "",
  ].join(" ");
}
