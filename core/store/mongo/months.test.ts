import { expect, test } from "bun:test";
import {
  BEFORE_MONTHS,
  eventsCollection,
  grantedCollections,
  type Month,
  monthOf,
  monthsAhead,
  monthsSince,
  nextMonth,
  type OpenMonth,
  parseMonth,
  writtenMonth,
} from "./months.ts";

const at = (text: string): number => Date.parse(`${text}Z`);
const open = (months: Readonly<Record<string, string>>): readonly OpenMonth[] =>
  Object.entries(months).map(([month, openedAt]) => ({ month: month as Month, openedAt: at(openedAt) }));

test("months follow each other over the end of a year, and name their collections", () => {
  expect(monthOf(at("2026-12-31T23:59:59.999"))).toBe("2026-12" as Month);
  expect(nextMonth("2026-12" as Month)).toBe("2027-01" as Month);
  expect(monthsAhead(at("2026-11-30T12:00"))).toEqual(["2026-11", "2026-12", "2027-01"] as Month[]);
  expect(["2026-11" as Month, BEFORE_MONTHS].map(eventsCollection)).toEqual(["events_2026_11", "events"]);
});

test("roles have rights on the months of twenty years", () => {
  const granted = grantedCollections();
  expect([granted.length, granted[0], granted[1], granted.at(-1)]).toEqual([
    241,
    "events",
    "events_2026_01",
    "events_2045_12",
  ]);
});

test("parseMonth() takes months only", () => {
  expect(parseMonth("2026-08")).toBe("2026-08" as Month);
  for (const text of ["2026-13", "2026-8", "events", "2026-08; drop"])
    expect(() => parseMonth(text)).toThrow(RangeError);
});

test("the month to write to is this one, or the newest there is that is not later", () => {
  const months = open({ "2026-10": "2026-09-01", "2026-11": "2026-09-01", "2027-01": "2026-09-01" });
  expect(writtenMonth(months, at("2026-11-01T00:00"))).toBe("2026-11" as Month);
  expect(writtenMonth(months, at("2026-10-31T23:59:59"))).toBe("2026-10" as Month);
  expect(writtenMonth(months, at("2026-12-24T00:00"))).toBe("2026-11" as Month);
  expect(writtenMonth(months, at("2026-01-01T00:00"))).toBeUndefined();
});

const usual = open({ "2026-10": "2026-08-01", "2026-11": "2026-09-01", "2026-12": "2026-10-01" });

test("a message is looked for from its own month on, and in the one before within an hour of a month's start", () => {
  const now = at("2026-11-22T10:00");
  expect(monthsSince(usual, at("2026-11-01T01:00"), now)).toEqual(["2026-11"] as Month[]);
  expect(monthsSince(usual, at("2026-11-01T00:59"), now)).toEqual(["2026-11", "2026-10"] as Month[]);
  expect(monthsSince(usual, at("2026-10-31T23:00"), now)).toEqual(["2026-11", "2026-10"] as Month[]);
  expect(monthsSince(usual, 0, now)).toEqual(["2026-11", "2026-10"] as Month[]);
  expect(monthsSince(usual, at("2999-01-01T00:00"), now)).toEqual(["2026-11"] as Month[]);
});

test("just before a month turns, the next one is looked into: a set may be there already", () => {
  const turn = at("2026-11-30T23:30");
  expect(monthsSince(usual, turn, turn)).toEqual(["2026-12", "2026-11"] as Month[]);
});

test("a month opened late does not hold what was written before; what has no month is always asked", () => {
  const late = open({ "2026-10": "2026-08-01", "2026-11": "2026-11-20" });
  const now = at("2026-11-22T10:00");
  expect(monthsSince(late, at("2026-11-19T00:00"), now)).toEqual(["2026-11", "2026-10"] as Month[]);
  expect(monthsSince(late, at("2026-11-21T00:00"), now)).toEqual(["2026-11"] as Month[]);
  const upgraded = open({ [BEFORE_MONTHS]: "2026-11-20", "2026-11": "2026-11-20" });
  expect(monthsSince(upgraded, at("2026-11-22T09:00"), now)).toEqual(["2026-11" as Month, BEFORE_MONTHS]);
});
