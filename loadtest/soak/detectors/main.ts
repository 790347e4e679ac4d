/**
 * `npm run soak:detectors`: runs the soak twenty times with nothing planted and three times with each defect that it
 * has to find, and keeps the table. Hours; it goes on where it was stopped. Exit code: 0 all hold, 1 not, 4 it could
 * not run, 130 interrupted.
 */
import { appendFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { Command, CommanderError } from "commander";
import { z } from "zod";
import { wholeNumber } from "../../whole-number.ts";
import { soakVerdicts } from "../soak-record.ts";
import { type DetectorRun, detectorRunSchema, judgeDetectors, nextRun, SAME } from "./detector-runs.ts";
import { renderDetectors } from "./render-detectors.ts";

const EXIT_BROKEN = 1;
const EXIT_NOT_RUN = 4;
const EXIT_INTERRUPTED = 130;
const RUNS_MAX = 100;
/** Knee, load, drain, checker and a paired rerun of half an hour, whatever was asked for: then it hangs. */
const CHILD_MS_MAX = 3 * 3_600_000;
const MAIN = join(import.meta.dir, "..", "main.ts");
const OUT = join(import.meta.dir, "..", "..", "..", "docs", "performance", "detectors");

interface Flags {
  readonly aa: number;
  readonly plants: number;
  readonly duration: string;
  readonly out: string;
}

/** What is needed of a report. */
const reportSchema = z.object({
  record: z.object({
    startedAt: z.number(),
    commit: z.string(),
    fingerprint: z.string(),
    offeredPerSecond: z.number(),
    verdict: z.object({ name: z.enum(soakVerdicts), because: z.string() }),
  }),
});

const say = (line: string): void => void process.stderr.write(`${line}\n`);

async function run(flags: Flags): Promise<void> {
  const interrupt = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => interrupt.abort());
  try {
    process.exitCode = (await detect(flags, interrupt.signal)) ? 0 : EXIT_BROKEN;
  } catch (error) {
    process.exitCode = interrupt.signal.aborted ? EXIT_INTERRUPTED : EXIT_NOT_RUN;
    say(interrupt.signal.aborted ? "Interrupted" : `Cannot go on: ${error instanceof Error ? error.message : error}`);
    say(`What was run is in ${flags.out}; the same command goes on from there.`);
  }
}

async function detect({ aa, plants, duration, out }: Flags, signal: AbortSignal): Promise<boolean> {
  const folder = resolve(out);
  mkdirSync(folder, { recursive: true });
  const file = join(folder, "runs.jsonl");
  const plan = { same: aa, each: plants };
  const runs = [...readRuns(file)];
  for (let planted = nextRun(runs, plan); planted !== undefined; planted = nextRun(runs, plan)) {
    say(`run ${runs.length + 1}: planted is ${planted}`);
    const { record } = await soak({ planted, duration, folder }, signal);
    const { name: verdict, because } = record.verdict;
    const done: DetectorRun = {
      ...{ planted, startedAt: new Date(record.startedAt).toISOString(), commit: record.commit },
      machine: `${record.fingerprint}, ${record.offeredPerSecond} messages/s`,
      ...{ verdict, because },
    };
    if (done.machine !== (runs[0] ?? done).machine) {
      throw new Error(`The runs before were on ${runs[0]?.machine}, this one on ${done.machine}: take another --out`);
    }
    appendFileSync(file, `${JSON.stringify(done)}\n`);
    runs.push(done);
  }
  const command = `npm run soak:detectors -- --aa ${aa} --plants ${plants} --duration ${duration}`;
  const lines = judgeDetectors(runs, plan);
  writeFileSync(join(folder, "README.md"), renderDetectors({ command, lines, runs }));
  for (const { planted, runs: count, right, must, holds } of lines) {
    process.stdout.write(`${holds ? "holds" : "BROKEN"}  ${planted}: ${right} of ${count} right; ${must}\n`);
  }
  return lines.every(({ holds }) => holds);
}

function readRuns(file: string): readonly DetectorRun[] {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, "utf8").split("\n").filter(Boolean);
  return lines.map((line, i) => {
    try {
      return detectorRunSchema.parse(JSON.parse(line));
    } catch (cause) {
      throw new Error(`Line ${i + 1} of ${file} is no run: remove that line`, { cause });
    }
  });
}

interface ToSoak {
  readonly planted: string;
  readonly duration: string;
  readonly folder: string;
}

/** The command itself, as at night. What it leaves on the disk is kept when it is invalid with nothing planted. */
async function soak(
  { planted, duration, folder }: ToSoak,
  signal: AbortSignal,
): Promise<z.output<typeof reportSchema>> {
  signal.throwIfAborted();
  const data = mkdtempSync(join(tmpdir(), "godwit-detector-"));
  const report = join(data, "report");
  const flags = ["--duration", duration, "--data", data, "--out", report, "--history", join(folder, "history.jsonl")];
  const plant = planted === SAME ? [] : ["--plant", planted];
  const child = Bun.spawn([process.execPath, MAIN, ...flags, ...plant], {
    ...{ stdin: "ignore", stdout: "inherit", stderr: "inherit", timeout: CHILD_MS_MAX, killSignal: "SIGTERM" },
  });
  const stop = (): void => child.kill("SIGTERM");
  signal.addEventListener("abort", stop, { once: true });
  await child.exited;
  signal.removeEventListener("abort", stop);
  signal.throwIfAborted();
  if (!existsSync(join(report, "report.json"))) throw new Error(`a run ended with ${child.exitCode} and no report`);
  const found = reportSchema.parse(JSON.parse(readFileSync(join(report, "report.json"), "utf8")));
  if (planted === SAME && found.record.verdict.name === "invalid") say(`kept for a look: ${data}`);
  else rmSync(data, { recursive: true, force: true });
  return found;
}

try {
  await new Command("npm run soak:detectors --")
    .exitOverride()
    .description("Shows what the soak finds and what it leaves alone, with real runs; hours.")
    .option("--aa <n>", "runs with nothing planted", wholeNumber(0, RUNS_MAX), 20)
    .option("--plants <n>", "runs of each planted defect", wholeNumber(0, RUNS_MAX), 3)
    .option("--duration <time>", "of each", "3m")
    .option("--out <folder>", "for the runs, their history and the table", OUT)
    .action(run)
    .parseAsync();
} catch (error) {
  if (!(error instanceof CommanderError)) throw error;
  process.exitCode = error.exitCode === 0 ? 0 : EXIT_NOT_RUN;
}
