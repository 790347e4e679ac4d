/** Twenty minutes of bad links and killed connectors: each fault happens, and nothing of what was promised breaks. */
import { test } from "bun:test";
import { FAULTS } from "./faults/fault-table.ts";
import { expectValidChaos } from "./run-in-test.ts";

const DURATION_MS = 1_200_000;
const LIMIT_MS = 2_400_000;
const OF_LINKS = /^(?:provider-|kill-connectors|pause-connectors)/;

test(
  "twenty minutes of bad links are valid",
  async () => {
    await expectValidChaos({
      command: "bun test proof/chaos/links.long.test.ts",
      seed: 20,
      report: "chaos-links",
      durationMs: DURATION_MS,
      faults: FAULTS.filter(({ name }) => OF_LINKS.test(name)),
    });
  },
  LIMIT_MS,
);
