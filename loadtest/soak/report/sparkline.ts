/** The runs before and this one, in the height of a line of text: enough to see whether a number has always been so. */
import { formatFigure } from "./format-figure.ts";
import { type Html, html } from "./html.ts";
import { extentOf, isDrawn } from "./value-scale.ts";

/** As many as the history page shows. */
const SPARKLINE_RUNS_MAX = 90;

export interface Sparkline {
  /** Unique in its page: the parts of the drawing are named after it. */
  readonly id: string;
  readonly name: string;
  readonly unit: string;
  /** The oldest first, without the present one; the newest SPARKLINE_RUNS_MAX - 1 are drawn. */
  readonly history: readonly number[];
  readonly present: number;
  /** Drawn as a dashed line. */
  readonly median?: number;
  /** Drawn as a thin line where it is among the values; far ones would flatten them. */
  readonly limit?: number;
  readonly width: number;
  readonly height: number;
}

const MARGIN = 5;

/** One drawing with its own title and description; words where there is nothing to draw. */
export function renderSparkline(line: Sparkline): Html {
  const { id, name, unit, present, median, limit, width, height } = line;
  const earlier = line.history.slice(-(SPARKLINE_RUNS_MAX - 1)).filter(isDrawn);
  if (earlier.length === 0 || !isDrawn(present)) return html`<span class="quiet">no earlier runs</span>`;
  const values = [...earlier, present];
  const [low, high] = extentOf(median !== undefined && isDrawn(median) ? [...values, median] : values);
  const x = (i: number): number => MARGIN + (i / (values.length - 1)) * (width - 2 * MARGIN);
  const y = (value: number): number =>
    height - MARGIN - (high > low ? (value - low) / (high - low) : 0.5) * (height - 2 * MARGIN);
  const across = (value: number, kind: string): Html =>
    html`<line class="${kind}" x1="${MARGIN}" x2="${width - MARGIN}" y1="${y(value)}" y2="${y(value)}"/>`;
  const path = values.map((value, i) => html`${i === 0 ? "M" : "L"}${x(i)} ${y(value)}`);
  const [least, most] = extentOf(earlier);
  const words =
    `${earlier.length} earlier ${earlier.length === 1 ? "run" : "runs"}, from ${formatFigure(least, unit)} to ` +
    `${formatFigure(most, unit)}; this run, marked with a dot, ${formatFigure(present, unit)}.`;
  return html`<svg class="spark" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img"
    aria-labelledby="${id}-t ${id}-d"><title id="${id}-t">${name} over the runs</title>
    <desc id="${id}-d">${words}</desc>
    ${median !== undefined && isDrawn(median) ? across(median, "median") : ""}
    ${limit !== undefined && limit >= low && limit <= high ? across(limit, "limit") : ""}
    <path class="past" d="${path}"/>
    <circle class="present" cx="${x(values.length - 1)}" cy="${y(present)}" r="3.5"/></svg>`;
}
