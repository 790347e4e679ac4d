import { expect, test } from "bun:test";
import { planBurstPhases, planRampPhases, planSmokePhases, planSoakPhases, SOAK_MS_MIN } from "./plan-phases.ts";

const MINUTE_MS = 60_000;

for (const minutes of [2, 3, 4, 7.5, 60, 240]) {
  test(`a soak of ${minutes} minutes has all its phases, one after the other, and no longer than it`, () => {
    const phases = planSoakPhases({ durationMs: minutes * MINUTE_MS, messagesPerSecond: 100 });
    expect(phases.map(({ kind }) => kind)).toEqual([
      ...(["warm_up", "steady", "burst", "fault", "settle", "steady", "drain"] as const),
    ]);
    let at = 0;
    for (const { startMs, durationMs } of phases) {
      expect(startMs).toBe(at);
      expect(durationMs).toBeGreaterThanOrEqual(5_000);
      at += durationMs;
    }
    expect(at).toBe(minutes * MINUTE_MS);
    expect(new Set(phases.map(({ name }) => name)).size).toBe(phases.length);
    const steady = phases.filter(({ kind }) => kind === "steady").reduce((sum, { durationMs }) => sum + durationMs, 0);
    expect(steady).toBeGreaterThanOrEqual(at / 2);
  });
}

test("four hours are planned as the issue asks", () => {
  const phases = planSoakPhases({ durationMs: 240 * MINUTE_MS, messagesPerSecond: 300 });
  expect(phases.map(({ durationMs }) => durationMs / MINUTE_MS)).toEqual([10, 87.5, 20, 20, 5, 87.5, 10]);
  expect(phases.map(({ messagesPerSecond }) => messagesPerSecond)).toEqual([300, 300, 600, 300, 300, 300, 0]);
  expect(phases.map(({ fromPerSecond }) => fromPerSecond)).toEqual([30, ...Array.from({ length: 6 }, () => undefined)]);
});

test("planSoakPhases() refuses what is too short, too long or no rate", () => {
  expect(() => planSoakPhases({ durationMs: SOAK_MS_MIN - 1, messagesPerSecond: 1 })).toThrow(
    "current value is 119999",
  );
  expect(() => planSoakPhases({ durationMs: 2 ** 40, messagesPerSecond: 1 })).toThrow("must be");
  expect(() => planSoakPhases({ durationMs: SOAK_MS_MIN, messagesPerSecond: 0.5 })).toThrow("must be whole");
});

test("a ramp climbs evenly from its first rate to its last", () => {
  const phases = planRampPhases({ fromPerSecond: 100, toPerSecond: 500, steps: 5, stepSeconds: 20 });
  expect(phases.map(({ messagesPerSecond }) => messagesPerSecond)).toEqual([100, 200, 300, 400, 500]);
  expect(phases.map(({ startMs }) => startMs)).toEqual([0, 20_000, 40_000, 60_000, 80_000]);
  expect(() => planRampPhases({ fromPerSecond: 1, toPerSecond: 2, steps: 1, stepSeconds: 1 })).toThrow("'steps'");
});

test("a smoke is one minute, a burst is twice its surroundings", () => {
  expect(planSmokePhases(50)).toMatchObject([{ startMs: 0, durationMs: MINUTE_MS, messagesPerSecond: 50 }]);
  expect(planBurstPhases(50).map(({ messagesPerSecond }) => messagesPerSecond)).toEqual([50, 100, 50]);
});
