/**
 * When each iteration of an arrival rate is due, so that what follows can be timed from then and not from when it
 * really began (coordinated omission). k6 numbers the iterations that it begins from 0 in each scenario.
 *
 * A constant rate of r a unit u (ns): its executor counts ticks of whole nanoseconds, the first at once:
 *
 *     due(n) = n · floor(u / r)
 *
 * A slope from f to t (a unit u) over d: the rate at x is f + (t − f)·x/d, so until x there are
 *
 *     A(x) = ( f·x + (t − f)·x² / 2d ) / u        (integral of the rate)
 *
 * and its executor begins iteration n when A reaches n + 1: the first once a whole one is due. Solved for x, with
 * N = (n + 1)·u, and written so that f = t is no division by 0 and f ≈ t loses no digits:
 *
 *     due(n) = 2·N / ( f + √( f² + 2·(t − f)·N / d ) )
 *
 * An iteration that k6 drops gets no number: those after it in the same scenario are then taken for due one tick
 * earlier than they were, and their latency for that much longer, never for shorter. A run with dropped iterations is
 * red anyhow; each phase is a scenario of its own, so what the fault window drops does not touch the phases after it.
 * Pure; runs in k6 and in Bun.
 */

export interface ArrivalRate {
  /** Iterations a unit, at the end. */
  readonly perUnit: number;
  readonly unitSeconds: number;
  readonly durationMs: number;
  /** Iterations a unit at the beginning of a slope; absent: a constant rate. */
  readonly fromPerUnit?: number;
}

const NS_A_SECOND = 1e9;
const NS_A_MS = 1e6;

/** Milliseconds after the start of the scenario at which iteration `n`, from 0, is due. */
export function dueMs(rate: ArrivalRate, n: number): number {
  const { perUnit, unitSeconds, durationMs, fromPerUnit } = rate;
  if (fromPerUnit === undefined) return (n * Math.floor((unitSeconds * NS_A_SECOND) / perUnit)) / NS_A_MS;
  const due = (n + 1) * unitSeconds * 1_000;
  const underRoot = fromPerUnit ** 2 + (2 * (perUnit - fromPerUnit) * due) / durationMs;
  // A falling slope has no more than its area; past it the root is of less than 0 by a rounding only.
  return (2 * due) / (fromPerUnit + Math.sqrt(Math.max(0, underRoot)));
}

/** How many iterations there are in all, rounded up: a bound, and a part of how recipients are numbered. */
export function iterationsMax(rate: ArrivalRate): number {
  const from = rate.fromPerUnit ?? rate.perUnit;
  return Math.ceil((((from + rate.perUnit) / 2) * rate.durationMs) / 1_000 / rate.unitSeconds) + 1;
}

/** Of such a reference; the rest are digits. */
export const DUE_PREFIX = "due-";

/** The `client_reference` of a message: when it was to be sent by the plan, in whole milliseconds since the epoch. */
export function dueReference(atMs: number): string {
  return `${DUE_PREFIX}${Math.round(atMs)}`;
}

/** Milliseconds since the epoch; undefined for a reference that is not of ours. */
export function parseDueReference(reference: string | undefined): number | undefined {
  const digits = reference?.startsWith(DUE_PREFIX) ? reference.slice(DUE_PREFIX.length) : "";
  return /^\d{1,15}$/.test(digits) ? Number(digits) : undefined;
}
