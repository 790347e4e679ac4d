// Ten thousand seeds, none of which `npm test` runs.

import { expect, test } from "bun:test";
import { describeFailures, runSeeds } from "./run-seeds.ts";

const FROM = 100_001;
const SEEDS = 10_000;
const LIMIT_MS = 3_600_000;

test(
  `${SEEDS} more seeds keep every promise`,
  async () => {
    const { failed, never } = await runSeeds({ from: FROM, count: SEEDS });
    expect(describeFailures(failed)).toBe("");
    expect(never).toEqual([]);
  },
  LIMIT_MS,
);
