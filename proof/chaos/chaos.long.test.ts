/** Half an hour of every fault that this machine can have: each happens, and nothing of what was promised breaks. */
import { test } from "bun:test";
import { FAULTS } from "./faults/fault-table.ts";
import { expectValidChaos } from "./run-in-test.ts";

const DURATION_MS = 1_800_000;
const LIMIT_MS = 3_600_000;

test(
  "half an hour of all faults is valid",
  async () => {
    await expectValidChaos({
      command: "bun test proof/chaos/chaos.long.test.ts",
      seed: 30,
      report: "chaos-long",
      durationMs: DURATION_MS,
      faults: FAULTS.filter((fault) => fault.available() === undefined),
    });
  },
  LIMIT_MS,
);
