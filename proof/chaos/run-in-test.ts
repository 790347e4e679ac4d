/** A run of chaos as a test makes it: in a folder of its own, which is kept when the run is not valid. */
import { expect } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "#domain/clock.ts";
import { removePlatformData } from "#testkit/platform-leftovers.ts";
import { describeMachine } from "../../loadtest/machine.ts";
import { writeReport } from "../write-report.ts";
import { judgeRun } from "./judge-run.ts";
import { type ChaosOptions, runChaos } from "./run-chaos.ts";

const RATE_PER_SECOND = 60;

export interface WantedChaos extends Pick<ChaosOptions, "command" | "seed" | "durationMs" | "faults"> {
  /** What it said is put there too: see `writeReport`. */
  readonly report?: string;
}

/** Fails, with all that the run said, unless its verdict is `valid`. */
export async function expectValidChaos({ report, ...wanted }: WantedChaos): Promise<void> {
  const startedAt = systemClock.monotonic();
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
  if (report !== undefined) {
    const { command, seed } = wanted;
    const [seconds, lines] = [
      (systemClock.monotonic() - startedAt) / 1_000,
      said.filter((line) => !line.includes(dataDir)),
    ];
    writeReport({ name: report, command, seeds: `seed ${seed}`, machine: options.machine, seconds, lines });
  }
  expect(verdict, said.join("\n")).toBe("valid");
  removePlatformData(dataDir);
  rmSync(dataDir, { recursive: true, force: true });
}
