// Ten thousand seeds, none of which `npm test` runs.

import { expect, test } from "bun:test";
import { systemClock } from "#domain/clock.ts";
import { describeMachine } from "../../loadtest/machine.ts";
import { writeReport } from "../write-report.ts";
import { describeFailures, describeReached } from "./run-seeds.ts";
import { runSeedsOnCores } from "./run-seeds-on-cores.ts";

const FROM = 100_001;
const SEEDS = 10_000;
const LIMIT_MS = 3_600_000;

test(
  `${SEEDS} more seeds keep every promise`,
  async () => {
    const machine = await describeMachine();
    const startedAt = systemClock.monotonic();
    const result = await runSeedsOnCores({ from: FROM, count: SEEDS });
    const failures = describeFailures(result.failed);
    writeReport({
      name: "simulation-long",
      command: `npm run sim -- --seeds ${SEEDS} --from ${FROM}`,
      seeds: `seeds ${FROM} to ${FROM + SEEDS - 1}`,
      machine,
      seconds: (systemClock.monotonic() - startedAt) / 1_000,
      lines: [`${result.seeds} seeds, ${result.failed.length} failed`, failures, "reached:", describeReached(result)],
    });
    expect(failures).toBe("");
    expect(result.never).toEqual([]);
  },
  LIMIT_MS,
);
