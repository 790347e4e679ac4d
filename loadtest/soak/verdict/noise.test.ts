import { expect, test } from "bun:test";
import { driftsOf, whyNoisy } from "./noise.ts";
import { normal, SEEDS_MIN, seedsWhere } from "./testing/synthetic-runs.ts";

const QUIET = { cpuLoopMs: 400, fsyncMs: 4, loopbackMs: 0.2 };

test("a machine that stood still is quiet, one that slowed by 8 % is not", () => {
  const quiet = seedsWhere("still", (random) => {
    const moved = Object.fromEntries(
      Object.entries(QUIET).map(([of, ms]) => [of, ms * (1 + 0.01 * normal(random))]),
    ) as unknown as typeof QUIET;
    return whyNoisy(driftsOf(QUIET, moved)) === undefined;
  });
  expect(quiet.length).toBeGreaterThanOrEqual(SEEDS_MIN);
  const slowed = seedsWhere("slowed", (random) => {
    const cpuLoopMs = QUIET.cpuLoopMs * 1.08 * (1 + 0.01 * normal(random));
    return whyNoisy(driftsOf(QUIET, { ...QUIET, cpuLoopMs })) !== undefined;
  });
  expect(slowed.length).toBeGreaterThanOrEqual(SEEDS_MIN);
});

test("the sentence names the part that moved most, and faster is noise too", () => {
  expect(whyNoisy(driftsOf(QUIET, { ...QUIET, cpuLoopMs: 430, fsyncMs: 8 }))).toContain("the disk was 100.0 % slower");
  expect(whyNoisy(driftsOf(QUIET, { ...QUIET, cpuLoopMs: 300 }))).toContain("the processor was 25.0 % faster");
});

test("what an instrument cannot tell is no drift, and a calibration that failed is no quiet machine", () => {
  expect(whyNoisy(driftsOf(QUIET, { ...QUIET, fsyncMs: 4.4, loopbackMs: 0.24 }))).toBeUndefined();
  expect(whyNoisy(driftsOf(QUIET, { ...QUIET, fsyncMs: Number.NaN }))).toContain("the disk");
});
