/** Times as people read them, in UTC; "–" for what is no time. */
import { NOTHING } from "./format-figure.ts";

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
/** Of ECMAScript's dates; beyond it there is no calendar. */
const TIME_MAX_MS = 8.64e15;

export function isTime(at: number): boolean {
  return Math.abs(at) <= TIME_MAX_MS;
}

/** "2026-11-23 02:00 UTC", from milliseconds since the epoch. */
export function formatTime(at: number): string {
  if (!isTime(at)) return NOTHING;
  return `${new Date(at).toISOString().slice(0, 16).replace("T", " ")} UTC`;
}

/** "2026-11-23". */
export function formatDay(at: number): string {
  return isTime(at) ? new Date(at).toISOString().slice(0, 10) : NOTHING;
}

/** "4 h", "1 h 5 min", "3 min 20 s", "850 ms". */
export function formatDuration(ms: number): string {
  if (!Number.isFinite(ms) || ms < 0) return NOTHING;
  if (ms < SECOND_MS) return `${Math.round(ms)} ms`;
  const seconds = Math.round(ms / SECOND_MS);
  const [hours, minutes] = [Math.floor(seconds / 3_600), Math.floor((seconds % 3_600) / 60)];
  // Who reads of hours does not ask for seconds.
  const parts = [
    [hours, "h"],
    [minutes, "min"],
    [hours > 0 ? 0 : seconds % 60, "s"],
  ] as const;
  return parts.flatMap(([count, unit]) => (count > 0 ? [`${count.toLocaleString("en-AU")} ${unit}`] : [])).join(" ");
}

/** Since the start of a run: "2:05:00"; "0:00:07". */
export function formatOffset(ms: number): string {
  if (!Number.isFinite(ms)) return NOTHING;
  const seconds = Math.round(Math.abs(ms) / SECOND_MS);
  const two = (count: number): string => String(count).padStart(2, "0");
  const clock = `${Math.floor(seconds / 3_600)}:${two(Math.floor((seconds % 3_600) / 60))}:${two(seconds % 60)}`;
  return ms < 0 && seconds > 0 ? `−${clock}` : clock;
}

const TICK_STEPS_MS = [
  ...[1, 2, 5, 10, 20, 30].map((count) => count * SECOND_MS),
  ...[1, 2, 5, 10, 20, 30].map((count) => count * MINUTE_MS),
  ...[1, 2, 4, 6, 12, 24, 48, 96].map((count) => count * HOUR_MS),
];

/** Whole steps of a clock, as few as the span has room for. */
export function timeTicks(fromMs: number, toMs: number, ticksMax: number): readonly number[] {
  const span = toMs - fromMs;
  const step = TICK_STEPS_MS.find((candidate) => span / candidate < ticksMax) ?? span / (ticksMax - 1);
  const first = Math.ceil(fromMs / step);
  const count = Math.min(ticksMax, Math.floor(toMs / step) - first + 1);
  return Array.from({ length: count }, (_, i) => (first + i) * step);
}
