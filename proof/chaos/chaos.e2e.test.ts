/** A minute of chaos with faults that are over soon: each of them happens, and nothing of what was promised breaks. */
import { test } from "bun:test";
import { FAULTS } from "./faults/fault-table.ts";
import { expectValidChaos } from "./run-in-test.ts";

const QUICK = ["kill-worker", "kill-connectors", "step-down", "kill-primary", "kill-edge"];

test("a minute of chaos is valid", async () => {
  await expectValidChaos({
    command: "bun test proof/chaos/chaos.e2e.test.ts",
    seed: 1,
    durationMs: 60_000,
    faults: FAULTS.filter(({ name }) => QUICK.includes(name)),
  });
}, 300_000);
