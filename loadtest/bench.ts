/**
 * `npm run bench -- <name>`: dispatches to the benches of the table below. Each gets the common options and returns its
 * figures; here they become a table, and with --json one last line `{"bench":…,"figures":…,"machine":…}`. The exit code
 * is 1 when a bench says that its figures are worth nothing, such as after a lost message.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command, CommanderError, InvalidArgumentError } from "commander";
import { renderJson, renderTable } from "./bench-report.ts";
import type { Bench } from "./bench-seam.ts";
import { checkerBench } from "./checker.ts";
import { directoryBench } from "./directory.ts";
import { gatewayBench } from "./gateway.ts";
import { describeMachine } from "./machine.ts";
import { memoryBench } from "./memory.ts";
import { queueBench } from "./queue.ts";
import { smppBench } from "./smpp.ts";
import { wholeNumber } from "./whole-number.ts";

const BENCHES: Readonly<Record<string, Bench>> = {
  checker: checkerBench,
  directory: directoryBench,
  gateway: gatewayBench,
  memory: memoryBench,
  queue: queueBench,
  smpp: smppBench,
};

/** 128 + SIGINT, as shells say it. */
const EXIT_INTERRUPTED = 130;
const SECONDS_MAX = 600;
const CONNECTIONS_MAX = 4_096;
const REPETITIONS_MAX = 99;
const MESSAGES_MAX = 100_000_000;

interface CommandOptions {
  readonly seconds: number;
  readonly connections: number;
  readonly repetitions?: number;
  readonly messages?: number;
  readonly only?: readonly string[];
  readonly json?: true;
  readonly data: string;
  readonly edge: "deno" | "bun";
  readonly profile?: string;
}

function edgeRuntime(text: string): "deno" | "bun" {
  if (text === "deno" || text === "bun") return text;
  throw new InvalidArgumentError("It must be deno or bun.");
}

function partsOf(parts: readonly string[]): (text: string) => readonly string[] {
  return (text) => {
    const wanted = text.split(",");
    if (wanted.every((part) => parts.includes(part))) return wanted;
    throw new InvalidArgumentError(`It must name some of ${parts.join(",")}.`);
  };
}

function createCommand(run: (name: string, bench: Bench, options: CommandOptions) => Promise<void>): Command {
  const command = new Command("npm run bench --").exitOverride().description("Measures the platform on this machine.");
  for (const [name, bench] of Object.entries(BENCHES)) {
    const { defaults, parts } = bench;
    const own = command.command(name).description(bench.description);
    if (defaults.repetitions !== undefined) {
      const isWhole = wholeNumber(1, REPETITIONS_MAX);
      own.option("--repetitions <n>", "of each measurement; their median is told", isWhole, defaults.repetitions);
    }
    if (defaults.messages !== undefined) {
      own.option("--messages <n>", "to work on", wholeNumber(1, MESSAGES_MAX), defaults.messages);
    }
    if (parts !== undefined) own.option("--only <parts>", `some of ${parts.join(",")}`, partsOf(parts));
    own
      .option("--seconds <n>", "length of each measured phase", wholeNumber(1, SECONDS_MAX), defaults.seconds)
      .option("--connections <n>", "connections of the load generator", wholeNumber(1, CONNECTIONS_MAX), 64)
      .option("--edge <runtime>", "deno or bun", edgeRuntime, "deno")
      .option("--data <folder>", "where to put the data, which is removed at the end", tmpdir())
      .option("--profile <folder>", "leave CPU profiles of the roles that run on Bun there; slows them down")
      .option("--json", "end with one line of JSON")
      .action((options: CommandOptions) => run(name, bench, options));
  }
  return command;
}

async function runBench(name: string, bench: Bench, options: CommandOptions): Promise<void> {
  const machine = await describeMachine();
  const interrupt = new AbortController();
  const onSignal = (): void => interrupt.abort(new Error("The bench was interrupted"));
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, onSignal);
  const dataDir = mkdtempSync(join(options.data, "godwit-bench-"));
  try {
    const { figures, failures, otherLoad } = await bench.run({
      seconds: options.seconds,
      connections: options.connections,
      repetitions: options.repetitions ?? 1,
      messages: options.messages ?? 1,
      edge: options.edge,
      dataDir,
      ...(options.only === undefined ? {} : { only: options.only }),
      ...(options.profile === undefined ? {} : { profileDir: options.profile }),
      signal: interrupt.signal,
      say: (line) => process.stderr.write(`${line}\n`),
    });
    console.log(renderTable(figures, bench.meanings));
    for (const failure of failures) console.log(`FAILED: ${failure}`);
    if (options.json) console.log(renderJson(name, figures, { ...machine, other_load_cpu_s: otherLoad }));
    process.exitCode = failures.length === 0 ? 0 : 1;
  } catch (error) {
    // Whatever was broken off may say so in its own way.
    if (!interrupt.signal.aborted) throw error;
    console.error("Interrupted: everything is stopped and the data removed");
    process.exitCode = EXIT_INTERRUPTED;
  } finally {
    rmSync(dataDir, { recursive: true, force: true });
  }
}

try {
  await createCommand(runBench).parseAsync();
} catch (error) {
  if (!(error instanceof CommanderError)) throw error;
  process.exitCode = error.exitCode;
}
