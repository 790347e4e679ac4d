/** A minute of chaos with faults that are over soon: each of them happens, and nothing of what was promised breaks. */
import { expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "#domain/clock.ts";
import { removePlatformData } from "#testkit/platform-leftovers.ts";
import { describeMachine } from "../../loadtest/machine.ts";
import { FAULTS } from "./faults/fault-table.ts";
import { judgeRun } from "./judge-run.ts";
import { runChaos } from "./run-chaos.ts";

const DURATION_MS = 60_000;
const QUICK = ["kill-worker", "kill-connectors", "step-down", "kill-primary", "kill-edge"];

test("a minute of chaos is valid", async () => {
  const dataDir = mkdtempSync(join(tmpdir(), "godwit-chaos-"));
  const said: string[] = [];
  const options = {
    command: "bun test proof/chaos/chaos.e2e.test.ts",
    seed: 1,
    durationMs: DURATION_MS,
    ratePerSecond: 60,
    faults: FAULTS.filter(({ name }) => QUICK.includes(name)),
    dataDir,
    edgeRuntime: "deno",
    machine: await describeMachine(),
    clock: systemClock,
    say: (line: string) => void said.push(line),
    signal: new AbortController().signal,
  } as const;
  const verdict = await runChaos(options, judgeRun(options.say));
  expect(verdict, said.join("\n")).toBe("valid");
  // Kept when it is not valid, to be looked into.
  removePlatformData(dataDir);
  rmSync(dataDir, { recursive: true, force: true });
}, 300_000);
