/** How a bench tells its figures: a table for people, one JSON line for machines. Pure. */

import type { Figures } from "./bench-seam.ts";

/** One figure a line, with what it means where that is said. */
export function renderTable(figures: Figures, meanings: Readonly<Record<string, string>>): string {
  const rows = Object.entries(figures).flatMap(([name, figure]) => {
    const own = meanings[name] ?? "";
    if (typeof figure !== "object") return [[name, format(figure), own]];
    const parts = Object.entries(figure).map(([part, value]) => [`  ${part}`, format(value), ""]);
    return [[name, "", own], ...parts];
  });
  const width = (column: number): number => Math.max(0, ...rows.map((row) => row[column]?.length ?? 0));
  const [names, values] = [width(0), width(1)];
  const line = (row: readonly string[]): string =>
    `${(row[0] ?? "").padEnd(names)}  ${(row[1] ?? "").padStart(values)}  ${row[2] ?? ""}`.trimEnd();
  return rows.map((row) => `${line(row)}\n`).join("");
}

export function renderJson(bench: string, figures: Figures, machine: object): string {
  return JSON.stringify({ bench, figures: rounded(figures), machine });
}

/** Three digits say all that a measurement on a shared machine can; whole numbers stay whole. */
export function roundFigure(value: number): number {
  if (Number.isInteger(value) || Math.abs(value) >= 1_000) return Math.round(value);
  return Number(value.toPrecision(3));
}

function rounded(figures: Figures): Figures {
  return Object.fromEntries(
    Object.entries(figures).map(([name, figure]) => {
      if (typeof figure === "number") return [name, roundFigure(figure)];
      if (typeof figure === "string") return [name, figure];
      return [name, Object.fromEntries(Object.entries(figure).map(([part, value]) => [part, roundFigure(value)]))];
    }),
  );
}

function format(figure: number | string): string {
  return typeof figure === "string"
    ? figure
    : roundFigure(figure).toLocaleString("en-AU", { maximumFractionDigits: 4 });
}
