import { expect, test } from "bun:test";
import { createSubmissionSchema, toViolations } from "../schema.ts";
import { smppStatus, statusOfAnswer, statusOfViolations } from "./status.ts";

const clock = { now: () => 1_800_000_000_000, monotonic: () => 0, sleep: async () => undefined } as never;
const schema = createSubmissionSchema(clock);
const valid = { to: "+61491570006", from: "Shop", text: "Hello" };

test.each([
  [{ to: "12" }, smppStatus.invalidDestination],
  [{ to: [] }, smppStatus.invalidDestinationCount],
  [{ from: "" }, smppStatus.invalidSource],
  [{ from: "much too long a name" }, smppStatus.invalidSource],
  [{ text: "" }, smppStatus.invalidLength],
  [{ text: "é".repeat(1_531) }, smppStatus.invalidLength],
  [{ text: "ж".repeat(671) }, smppStatus.invalidLength],
  [{ text: "\u0000" }, smppStatus.submitFailed],
  [{ expire_at: "2000-01-01T00:00:00Z" }, smppStatus.invalidExpiry],
])("what the schema says of %j is a status of its own", (wrong, status) => {
  const parsed = schema.safeParse({ ...valid, ...wrong });
  expect(statusOfViolations(parsed.error === undefined ? [] : toViolations(parsed.error))).toBe(status);
});

test("a sender of another account, and too many recipients for a text, have theirs", () => {
  expect(statusOfViolations([{ pointer: "/from", code: "sender_not_yours", message: "" }])).toBe(0x0a);
  expect(statusOfViolations([{ pointer: "/to/3", code: "invalid_number", message: "" }])).toBe(0x0b);
  expect(statusOfViolations([{ pointer: "/to", code: "request_too_heavy", message: "" }])).toBe(0x33);
  expect(statusOfViolations([])).toBe(0x45);
});

test("an unknown outcome may be repeated only by who names its submits", () => {
  expect(statusOfAnswer("outcome_unknown", true)).toBe(0x08);
  expect(statusOfAnswer("outcome_unknown", false)).toBe(0xff);
  expect([statusOfAnswer("overloaded", false), statusOfAnswer("unavailable", false)]).toEqual([0x14, 0x08]);
});
