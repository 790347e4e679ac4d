/**
 * Text that is HTML, and the only way to it: what is put between the literal parts is escaped unless it is such text
 * itself. A value can so never become markup, wherever it came from.
 */

/** Digits of a coordinate after the point: a hundredth of a pixel. */
const COORDINATE_DIGITS = 2;

export class Html {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** A number is a coordinate; a figure for people comes as text from `formatFigure()`. */
export type HtmlPart = string | number | Html | readonly HtmlPart[];

/** The tag of a template: html`<b>${name}</b>`. Throws a RangeError on a number that is not finite. */
export function html(literals: TemplateStringsArray, ...parts: readonly HtmlPart[]): Html {
  return new Html(literals.map((literal, i) => literal + textOf(parts[i] ?? "")).join(""));
}

function textOf(part: HtmlPart): string {
  if (part instanceof Html) return part.text;
  if (typeof part === "string") return escapeHtml(part);
  if (typeof part === "number") return coordinate(part);
  return part.map(textOf).join("");
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Safe between tags and between quotes. What HTML may not hold (control characters, half a pair) becomes U+FFFD. */
function escapeHtml(text: string): string {
  return text
    .toWellFormed()
    .replace(/[&<>"']/g, (character) => ENTITIES[character] ?? "")
    .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/g, "\ufffd");
}

function coordinate(value: number): string {
  if (!Number.isFinite(value)) throw new RangeError(`Cannot draw at ${value}`);
  return String(Number(value.toFixed(COORDINATE_DIGITS)));
}
