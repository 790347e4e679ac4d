/**
 * The log is kept by the month, each in a collection of its own, so that old events go by dropping one. A batch belongs
 * to the month of its writer, whatever the time of its events. Pure. All months are of the set's clock, in UTC.
 */
import type { Brand } from "#domain/ids.ts";

/** `2026-11`; they sort by time. */
export type Month = Brand<string, "Month">;

/** What was written before there were months: an older schema's only collection of events. Sorts before all others. */
export const BEFORE_MONTHS = "0000-00" as Month;

/** A process's idea of a set's clock is never this far out, and neither is an edge's that mints the id of a message. */
const CLOCK_MARGIN_MS = 3_600_000;
/** This month and what follows: two months of nobody looking after the set. */
const MONTHS_AHEAD = 2;
/** Rights are given by collection, so they name the months: those of these years. */
const [FIRST_YEAR, YEARS] = [2026, 20];

/** A month that a set has a collection for. */
export interface OpenMonth {
  readonly month: Month;
  /** When its collection was made, in milliseconds since the epoch: nobody wrote to it before. */
  readonly openedAt: number;
}

export function monthOf(at: number): Month {
  return new Date(at).toISOString().slice(0, 7) as Month;
}

/** Throws RangeError for anything that is not a month. */
export function parseMonth(text: string): Month {
  if (text === BEFORE_MONTHS || /^\d{4}-(0[1-9]|1[0-2])$/.test(text)) return text as Month;
  throw new RangeError(`Cannot tell the month as it must look like 2026-08: current value is '${text}'`);
}

/** In milliseconds since the epoch. */
export function startOfMonth(month: Month): number {
  return month === BEFORE_MONTHS ? 0 : Date.parse(`${month}-01T00:00:00Z`);
}

export function nextMonth(month: Month): Month {
  const start = new Date(startOfMonth(month));
  return monthOf(start.setUTCMonth(start.getUTCMonth() + 1));
}

/** The months whose collections must be there at `at`. */
export function monthsAhead(at: number): readonly Month[] {
  const months = [monthOf(at)];
  for (let month = monthOf(at); months.length <= MONTHS_AHEAD; months.push(month)) month = nextMonth(month);
  return months;
}

export function eventsCollection(month: Month): string {
  return month === BEFORE_MONTHS ? "events" : `events_${month.replace("-", "_")}`;
}

/** The collections that roles have rights on, whether they exist or not. */
export function grantedCollections(): readonly string[] {
  const months = [BEFORE_MONTHS];
  for (let month = `${FIRST_YEAR}-01` as Month; months.length <= YEARS * 12; month = nextMonth(month))
    months.push(month);
  return months.map(eventsCollection);
}

/** Where to write at `at`: the newest that is not later, even if it is over; undefined when there is none at all. */
export function writtenMonth(open: readonly OpenMonth[], at: number): Month | undefined {
  const now = monthOf(at);
  const months = open.map(({ month }) => month).filter((month) => month <= now);
  return months.toSorted().at(-1);
}

/**
 * The months, newest first, that may hold what was written from `from` on until `now`. A month that was opened late
 * does not hold what was written while it was not there.
 */
export function monthsSince(open: readonly OpenMonth[], from: number, now: number): readonly Month[] {
  const last = monthOf(now + CLOCK_MARGIN_MS);
  const newestFirst = open.filter(({ month }) => month <= last).toSorted((a, b) => (a.month < b.month ? 1 : -1));
  const since = Math.max(0, Math.min(from, now) - CLOCK_MARGIN_MS);
  const first = newestFirst.findIndex(({ month, openedAt }) => Math.max(startOfMonth(month), openedAt) <= since);
  const months = newestFirst.slice(0, first < 0 ? undefined : first + 1).map(({ month }) => month);
  // Programs of the older schema may be at work until they are replaced.
  const isBefore = open.some(({ month }) => month === BEFORE_MONTHS) && !months.includes(BEFORE_MONTHS);
  return isBefore ? [...months, BEFORE_MONTHS] : months;
}
