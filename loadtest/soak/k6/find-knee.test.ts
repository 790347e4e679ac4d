import { expect, test } from "bun:test";
import { PROBE_TREND } from "../../scenarios/k6-options.ts";
import type { LoadPlan } from "../load-plan.ts";
import { planRampPhases } from "../plan-phases.ts";
import { findKnee } from "./find-knee.ts";
import { parseK6Summary } from "./k6-summary.ts";

const plan: LoadPlan = {
  seed: 3,
  baseUrl: "http://127.0.0.1:8080",
  accounts: [{ id: "acme", apiKey: "secret", numbers: ["+61491570156"], canary: "heron" }],
  phases: planRampPhases({ fromPerSecond: 100, toPerSecond: 400, steps: 4, stepSeconds: 10 }),
  limits: { probeP95Ms: 500, probeP99Ms: 1_000 },
};

/** As k6 writes it: the probes of each step, and whether their p95 held; nothing of steps that never began. */
function summaryOf(...held: readonly boolean[]) {
  const steps = plan.phases.map(({ name }, i) => {
    const count = held[i] === undefined ? 0 : 200;
    const values = { count, min: 1, med: 2, "p(95)": held[i] ? 30 : 900, "p(99)": 90, max: 95 };
    return [
      `${PROBE_TREND}{phase:${name}}`,
      { values, thresholds: { "p(95)<500": { ok: held[i] !== false } } },
    ] as const;
  });
  const dropped = { values: { count: 3, rate: 0.1 } };
  const metrics = { ...Object.fromEntries(steps), dropped_iterations: dropped };
  const summary = parseK6Summary(plan, JSON.stringify({ metrics }));
  if (summary === undefined) throw new Error("a summary that is whole was not read");
  return summary;
}

test("the knee is the last step before the first that did not hold", () => {
  expect(findKnee(plan.phases, summaryOf(true, true, false))).toEqual({ messagesPerSecond: 200, isHigher: false });
  expect(findKnee(plan.phases, summaryOf(true, false, true, true))).toEqual({
    messagesPerSecond: 100,
    isHigher: false,
  });
  expect(findKnee(plan.phases, summaryOf(true, true, true, true))).toEqual({ messagesPerSecond: 400, isHigher: true });
  expect(findKnee(plan.phases, summaryOf(false))).toEqual({ messagesPerSecond: undefined, isHigher: false });
  expect(findKnee(plan.phases, summaryOf())).toEqual({ messagesPerSecond: undefined, isHigher: false });
});

test("a summary that is cut anywhere is none", () => {
  const text = JSON.stringify({ metrics: { http_reqs: { values: { count: 12 } } } });
  for (let length = 0; length < text.length; length++) {
    expect(parseK6Summary(plan, text.slice(0, length))).toBeUndefined();
  }
});

test("a summary tells each phase apart, and what was crossed", () => {
  const summary = summaryOf(true, false);
  expect(summary).toMatchObject({ droppedIterations: 3, failedRequests: 0 });
  expect(summary.crossedThresholds).toEqual([`${PROBE_TREND}{phase:step_2}: p(95)<500`]);
  expect(summary.phases[0]).toMatchObject({ phase: "step_1", probe: { p50Ms: 2, p95Ms: 30, p99Ms: 90, maxMs: 95 } });
  expect(summary.phases[3]?.probe).toBeUndefined();
  expect(() => parseK6Summary(plan, '{"metrics":[]}')).toThrow();
});
