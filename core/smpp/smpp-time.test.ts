import { expect, test } from "bun:test";
import { formatReceiptDate, formatSmppTime, parseSmppTime } from "./smpp-time.ts";

const NOW = Date.UTC(2028, 0, 31, 23, 59, 30, 250);
const at = (text: string): string => {
  const time = parseSmppTime(text, NOW);
  return time.type === "time" ? new Date(time.at).toISOString() : time.type;
};

test("absolute times count from their offset in quarters of an hour", () => {
  expect(at("280229101500000+")).toBe("2028-02-29T10:15:00.000Z");
  expect(at("280229101530540+")).toBe("2028-02-29T00:15:30.500Z");
  expect(at("280229101500032-")).toBe("2028-02-29T18:15:00.000Z");
  expect(at("280101000000040+")).toBe("2027-12-31T14:00:00.000Z");
});

test("relative times count from now, by the calendar", () => {
  expect(at("000000010000000R")).toBe("2028-02-01T00:59:30.250Z");
  expect(at("000003000000000R")).toBe("2028-02-03T23:59:30.250Z");
  expect(at("000000000000000R")).toBe(new Date(NOW).toISOString());
  expect(at("010000000000000R")).toBe("2029-01-31T23:59:30.250Z");
});

test("an empty time is absent, and every other text is invalid", () => {
  expect(at("")).toBe("absent");
  for (const text of [
    "280229101500000",
    "28022910150000+",
    "270229101500000+",
    "281301101500000+",
    "280100101500000+",
    "280101241500000+",
    "280101106000000+",
    "280101101560000+",
    "280101101500057+",
    "2801011015000R",
    "tomorrow at noon",
  ]) {
    expect(at(text), text).toBe("invalid");
  }
});

test("what is written can be read, to the second", () => {
  expect(at(formatSmppTime(NOW))).toBe("2028-01-31T23:59:30.000Z");
  expect(formatReceiptDate(NOW)).toBe("2801312359");
});
