import { expect, test } from "bun:test";
import type { LoadPlan } from "../soak/load-plan.ts";
import { planSoakPhases } from "../soak/plan-phases.ts";
import { abortOnFailure, optionsOf } from "./k6-options.ts";

const plan: LoadPlan = {
  seed: 3,
  baseUrl: "http://127.0.0.1:8080",
  accounts: [{ id: "acme", apiKey: "secret", numbers: ["+61491570156"], canary: "heron" }],
  phases: planSoakPhases({ durationMs: 120_000, messagesPerSecond: 400 }),
  limits: { probeP95Ms: 500, probeP99Ms: 1_000 },
};
const { scenarios = {}, thresholds = {} } = optionsOf(plan);

test("every scenario is of the open model: no answer that is late holds back the next request", () => {
  expect(Object.keys(scenarios)).toHaveLength(12);
  const executors = Object.values(scenarios).map(({ executor }) => executor);
  expect(new Set(executors)).toEqual(new Set(["constant-arrival-rate", "ramping-arrival-rate"]));
  expect(scenarios.warm_up_bulk).toMatchObject({ startRate: 20, stages: [{ target: 380, duration: "10000ms" }] });
  expect(scenarios.burst_bulk).toMatchObject({ rate: 780, timeUnit: "100s", startTime: "40000ms", exec: "bulk" });
});

test("steady windows have limits of latency, drops and failures; what a fault drops is only told", () => {
  expect(thresholds["probe_from_due_ms{phase:steady_1}"]).toEqual(["p(95)<500", "p(99)<1000"]);
  expect(thresholds["dropped_iterations{scenario:steady_2_bulk}"]).toEqual(["count==0"]);
  expect(thresholds["requests_failed{phase:steady_2}"]).toEqual(["count==0"]);
  expect(thresholds["dropped_iterations{scenario:burst_probe}"]).toEqual(["count==0"]);
  expect(thresholds["dropped_iterations{scenario:fault_bulk}"]).toEqual(["count>=0"]);
  expect(thresholds["requests_failed{phase:fault}"]).toEqual(["count>=0"]);
  expect(Object.keys(thresholds).some((metric) => metric.includes("drain"))).toBe(false);
});

test("a ramp ends at the first threshold that is crossed", () => {
  const all = Object.values(abortOnFailure({ thresholds }).thresholds ?? {}).flat();
  expect(all.every((threshold) => typeof threshold === "object" && threshold.abortOnFail === true)).toBe(true);
});
