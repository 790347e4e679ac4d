import { expect, test } from "bun:test";
import { whyLost } from "./observe.ts";

const DRAIN = { drainedMs: undefined, open: ["syd1-a", "syd1-b"], waiting: 0, projected: 7 };

test("messages that are not final and wait nowhere are lost, and one is named", () => {
  expect(whyLost({ drain: DRAIN })).toMatch(/^I1 .* 2 messages .* syd1-a$/);
});

test("what waits, or was drained, or is only not projected yet, is not lost", () => {
  expect(whyLost({ drain: { ...DRAIN, waiting: 1 } })).toBeUndefined();
  expect(whyLost({ drain: { ...DRAIN, open: [] } })).toBeUndefined();
  expect(whyLost({ drain: { ...DRAIN, drainedMs: 10 } })).toBeUndefined();
});
