/**
 * Rows in the two text forms that PostgreSQL reads: lines of COPY and literals of arrays. Both are made here by hand
 * as making them is most of the client's work; PostgreSQL cannot hold U+0000 or half a surrogate pair, and one such
 * text must not stop the projector, so these become U+FFFD.
 */
import type { Cell } from "../reports-database.ts";

const COPY_SPECIAL = /[\\\t\n\r]/;
const COPY_ESCAPES: Readonly<Record<string, string>> = { "\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r" };

/** One line of COPY, text format, with its end. */
export function copyLine(cells: readonly Cell[]): string {
  let line = "";
  for (let i = 0; i < cells.length; i++) {
    if (i > 0) line += "\t";
    const cell = cells[i];
    line += cell === null || cell === undefined ? "\\N" : escapeCopy(cell);
  }
  return `${line}\n`;
}

function escapeCopy(cell: string): string {
  return COPY_SPECIAL.test(cell) ? cell.replace(/[\\\t\n\r]/g, (char) => COPY_ESCAPES[char] ?? char) : cell;
}

const ARRAY_SPECIAL = /["\\]/;

/** A one-dimensional array literal. */
export function arrayLiteral(cells: readonly Cell[]): string {
  let literal = "";
  for (const cell of cells) {
    if (literal !== "") literal += ",";
    if (cell === null) literal += "NULL";
    else literal += ARRAY_SPECIAL.test(cell) ? `"${cell.replace(/["\\]/g, "\\$&")}"` : `"${cell}"`;
  }
  return `{${literal}}`;
}

/** A text that PostgreSQL can hold. */
export function storable(text: string): string {
  return text.includes("\0") || !text.isWellFormed() ? text.replaceAll("\0", "\ufffd").toWellFormed() : text;
}

/** JSON of `value` whose strings PostgreSQL can hold. JSON.stringify escapes just what must not get there. */
export function storableJson(value: object): string {
  const json = JSON.stringify(value);
  if (!json.includes("\\u0000") && !json.includes("\\ud")) return json;
  return JSON.stringify(value, (_key, inner: unknown) => (typeof inner === "string" ? storable(inner) : inner));
}

/** Milliseconds since the epoch as a timestamptz. */
export function timestamp(ms: number): string {
  return new Date(ms).toISOString();
}
