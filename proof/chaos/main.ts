/**
 * `npm run chaos -- --duration 10m --faults all --seed N`: real faults on a whole platform of real processes, and a
 * verdict on what it did. Exit code 0 only when it is valid. Everything is stopped at the end; the history stays, and
 * when the run is not valid the sets and logs do too.
 */
import { existsSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { Command, CommanderError, InvalidArgumentError } from "commander";
import { systemClock } from "#domain/clock.ts";
import { removePlatformData } from "#testkit/platform-leftovers.ts";
import { describeMachine } from "../../loadtest/machine.ts";
import type { Fault } from "./faults/fault.ts";
import { FAULTS } from "./faults/fault-table.ts";
import { judgeRun } from "./judge-run.ts";
import { runChaos } from "./run-chaos.ts";

/** 128 + SIGINT, as shells say it. */
const EXIT_INTERRUPTED = 130;
const DURATION_MS_MAX = 12 * 3_600_000;
const RATE_MAX = 1_000;
const SEED_MAX = 2 ** 32 - 1;
const UNITS_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000 };

interface Flags {
  readonly duration: number;
  readonly faults: readonly Fault[];
  readonly seed: number;
  readonly rate: number;
  readonly data?: string;
  readonly edge: "deno" | "bun";
}

function parseDuration(text: string): number {
  const [matched, count, unit = ""] = /^(\d{1,6})(s|m|h)$/.exec(text) ?? [];
  const ms = Number(count) * (UNITS_MS[unit] ?? 0);
  if (matched !== undefined && ms > 0 && ms <= DURATION_MS_MAX) return ms;
  throw new InvalidArgumentError("It must be like 60s, 10m or 2h, at most 12h.");
}

function wholeNumber(max: number): (text: string) => number {
  return (text) => {
    if (/^\d+$/.test(text) && Number(text) <= max) return Number(text);
    throw new InvalidArgumentError(`It must be a whole number up to ${max}.`);
  };
}

/** Those asked for by name must be available; of all, those that are. */
function parseFaults(text: string): readonly Fault[] {
  if (text === "all") return FAULTS.filter((fault) => fault.available() === undefined);
  return text.split(",").map((name) => {
    const fault = FAULTS.find((candidate) => candidate.name === name);
    if (fault === undefined) {
      throw new InvalidArgumentError(`There is no fault ${name}; there are ${FAULTS.map((known) => known.name)}.`);
    }
    const reason = fault.available();
    if (reason !== undefined) throw new InvalidArgumentError(`${name} is not available: ${reason}.`);
    return fault;
  });
}

function edgeRuntime(text: string): "deno" | "bun" {
  if (text === "deno" || text === "bun") return text;
  throw new InvalidArgumentError("It must be deno or bun.");
}

async function run(flags: Flags): Promise<void> {
  const interrupt = new AbortController();
  const onSignal = (): void => interrupt.abort(new Error("The run was interrupted"));
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, onSignal);
  const dataDir = resolve(flags.data ?? mkdtempSync(join(tmpdir(), "godwit-chaos-")));
  if (existsSync(join(dataDir, "run")))
    throw new Error(`Cannot run in ${dataDir}: it holds the history of another run`);
  const say = (line: string): void => void process.stderr.write(`${line}\n`);
  const missing = FAULTS.filter((fault) => !flags.faults.includes(fault) && fault.available() !== undefined);
  for (const fault of missing) say(`without ${fault.name}: ${fault.available()}`);
  try {
    const options = {
      command: `npm run chaos -- ${process.argv.slice(2).join(" ")}`,
      seed: flags.seed,
      durationMs: flags.duration,
      ratePerSecond: flags.rate,
      faults: flags.faults,
      dataDir,
      edgeRuntime: flags.edge,
      machine: await describeMachine(),
      clock: systemClock,
      say,
      signal: interrupt.signal,
    };
    const verdict = await runChaos(options, judgeRun(say));
    process.exitCode = verdict === "valid" ? 0 : 1;
    // Of a run with a fault to be found the sets and logs are needed too.
    if (verdict === "valid") removePlatformData(dataDir);
  } catch (error) {
    if (!interrupt.signal.aborted) throw error;
    say(`Interrupted: everything is stopped; what was recorded is in ${dataDir}`);
    process.exitCode = EXIT_INTERRUPTED;
  }
}

try {
  await new Command("npm run chaos --")
    .exitOverride()
    .description("Makes real faults on a whole platform under load, and judges what it did.")
    .option("--duration <time>", "such as 60s, 10m, 2h", parseDuration, 600_000)
    .option(
      "--faults <names>",
      `all, or some of ${FAULTS.map(({ name }) => name).join(",")}`,
      parseFaults,
      parseFaults("all"),
    )
    .option("--seed <n>", "of the schedule and the load", wholeNumber(SEED_MAX), systemClock.now() % SEED_MAX)
    .option("--rate <n>", "messages a second", wholeNumber(RATE_MAX), 60)
    .option("--data <folder>", "where to put everything; a new one by default")
    .option("--edge <runtime>", "deno or bun", edgeRuntime, "deno")
    .action(run)
    .parseAsync();
} catch (error) {
  if (!(error instanceof CommanderError)) throw error;
  process.exitCode = error.exitCode;
}
