/** Figures as people read them: three digits, thousands apart, their unit after them; "–" for what is not there. */
import { roundFigure } from "../../bench-report.ts";

export const NOTHING = "–";

/** "1,234 ms", "0.123 s"; "–" for undefined and for what is no finite number. */
export function formatFigure(value: number | undefined, unit = ""): string {
  if (value === undefined || !Number.isFinite(value)) return NOTHING;
  // No minus before a zero.
  const figure = (roundFigure(value) + 0).toLocaleString("en-AU", { maximumFractionDigits: 6 });
  if (unit === "") return figure;
  return `${figure}\u00a0${unit}`;
}

/** How far `value` is from `from`: "+3.1 %", "−12 %", "±0 %"; "–" where there is nothing to compare. */
export function formatChange(value: number, from: number | undefined): string {
  if (from === undefined) return NOTHING;
  if (value === from) return formatSigned(0, "%");
  if (from === 0) return NOTHING;
  return formatSigned(((value - from) / from) * 100, "%");
}

export function formatSigned(value: number, unit: string): string {
  if (!Number.isFinite(value)) return NOTHING;
  const tenths = Math.round(value * 10) / 10;
  if (tenths === 0) return `±0\u00a0${unit}`;
  return `${tenths > 0 ? "+" : "−"}${formatFigure(Math.abs(tenths), unit)}`;
}
