// Seeds: nothing is found in any of them, every interesting state is reached in some, and each is the same run twice.

import { expect, test } from "bun:test";
import { runSeed } from "./run-seed.ts";
import { describeFailures, inMacrotask, runSeeds } from "./run-seeds.ts";

const SEEDS = 1_500;
const TWICE = 20;
const LIMIT_MS = 540_000;

test(
  `${SEEDS} seeds keep every promise, and reach every state that counts`,
  async () => {
    const { failed, never } = await runSeeds({ from: 1, count: SEEDS });
    expect(describeFailures(failed)).toBe("");
    expect(never).toEqual([]);
  },
  LIMIT_MS,
);

test(
  `each of ${TWICE} seeds gives the same run twice`,
  async () => {
    for (let seed = 1; seed <= TWICE; seed++) {
      const [one, other] = [await inMacrotask(() => runSeed({ seed })), await inMacrotask(() => runSeed({ seed }))];
      expect(`${seed} ${other.traceHash} ${other.steps}`).toBe(`${seed} ${one.traceHash} ${one.steps}`);
    }
  },
  LIMIT_MS,
);

test(
  "a schedule that is given takes the place of the seed's own",
  async () => {
    const run = await inMacrotask(() => runSeed({ seed: 3, schedule: [] }));
    expect([run.history.faults, run.findings]).toEqual([[], []]);
  },
  LIMIT_MS,
);
