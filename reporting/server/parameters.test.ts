import { expect, test } from "bun:test";
import { parseParameters } from "./parameters.ts";

const parameters = [
  { name: "from", type: "timestamptz", description: "" },
  { name: "day", type: "date", description: "" },
  { name: "minutes", type: "integer", default: "60", description: "" },
  { name: "account", type: "text", description: "" },
] as const;

test("values come back in order, with defaults", () => {
  const given = { account: "'; drop", day: "2026-03-01", from: "2026-03-01T00:00:00+01:00" };
  expect(parseParameters(parameters, given)).toEqual({
    type: "valid",
    value: ["2026-03-01T00:00:00+01:00", "2026-03-01", "60", "'; drop"],
  });
});

test("every wrong, missing and unknown parameter is named", () => {
  const given = { from: "2026-03-01", day: "2026-02-30", minutes: "-1", nonsense: "1" };
  const parsed = parseParameters(parameters, given);
  if (parsed.type !== "invalid") throw new Error("expected errors");
  expect(parsed.errors.map(({ parameter }) => parameter).sort()).toEqual([
    "account",
    "day",
    "from",
    "minutes",
    "nonsense",
  ]);
  expect(parsed.errors.find(({ parameter }) => parameter === "account")?.message).toBe("is required");
});
