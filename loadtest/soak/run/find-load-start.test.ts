import { expect, test } from "bun:test";
import { dueMs } from "../../scenarios/due-time.ts";
import { rawLineOf } from "../../scenarios/raw-record.ts";
import { type LoadPlan, streamsOf } from "../load-plan.ts";
import { planSoakPhases } from "../plan-phases.ts";
import { loadStartOf } from "./find-load-start.ts";

const plan: LoadPlan = {
  seed: 1,
  baseUrl: "http://127.0.0.1:1",
  accounts: [{ id: "a", apiKey: "k", numbers: ["+61480000001"], canary: "c" }],
  phases: planSoakPhases({ durationMs: 120_000, messagesPerSecond: 50 }),
  limits: { probeP95Ms: 1, probeP99Ms: 1 },
};

test("the load began before its first request, by when that was due", () => {
  const [stream] = streamsOf(plan);
  if (stream === undefined) throw new Error("there is no stream");
  const at = Math.round(1_000_000 + dueMs(stream.rate, 0));
  const line = rawLineOf({ type: "s", stream: 0, n: 0, at });
  expect(loadStartOf(plan, `${line}\ns 1`)).toBeCloseTo(1_000_000, -1);
});

test("half a line, or none, tells nothing yet", () => {
  expect([loadStartOf(plan, ""), loadStartOf(plan, "s 0 0 12"), loadStartOf(plan, "garbage\n")]).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
});
