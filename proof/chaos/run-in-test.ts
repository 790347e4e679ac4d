/** A run of chaos as a test makes it: in a folder of its own, which is kept when the run is not valid. */
import { expect } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "#domain/clock.ts";
import { removePlatformData } from "#testkit/platform-leftovers.ts";
import { describeMachine } from "../../loadtest/machine.ts";
import { judgeRun } from "./judge-run.ts";
import { type ChaosOptions, runChaos } from "./run-chaos.ts";

const RATE_PER_SECOND = 60;

/** Fails, with all that the run said, unless its verdict is `valid`. */
export async function expectValidChaos(
  wanted: Pick<ChaosOptions, "command" | "seed" | "durationMs" | "faults">,
): Promise<void> {
  const dataDir = mkdtempSync(join(tmpdir(), "godwit-chaos-"));
  const said: string[] = [];
  const options: ChaosOptions = {
    ...wanted,
    ratePerSecond: RATE_PER_SECOND,
    dataDir,
    edgeRuntime: "deno",
    machine: await describeMachine(),
    clock: systemClock,
    say: (line) => void said.push(line),
    signal: new AbortController().signal,
  };
  const verdict = await runChaos(options, judgeRun(options.say));
  expect(verdict, said.join("\n")).toBe("valid");
  removePlatformData(dataDir);
  rmSync(dataDir, { recursive: true, force: true });
}
