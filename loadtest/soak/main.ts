/**
 * `npm run soak -- --duration 4h`: a whole platform under a steady load with a burst and real faults, and a verdict on
 * whether it is right and as fast as it was. Exit code: 0 ok, 1 regressed, 2 invalid, 3 noisy, 4 it could not run, 130
 * interrupted. Everything is stopped at the end; what was measured stays.
 */
import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { Command, CommanderError, InvalidArgumentError } from "commander";
import { systemClock } from "#domain/clock.ts";
import { removePlatformData } from "#testkit/platform-leftovers.ts";
import { findTool } from "#testkit/tools.ts";
import { describeMachine, type Machine } from "../machine.ts";
import { wholeNumber } from "../whole-number.ts";
import { checkoutBuild } from "./builds/checkout-build.ts";
import { findLoad } from "./find-load.ts";
import { keepReport } from "./keep-report.ts";
import { planDisk } from "./measure/plan-disk.ts";
import { type PinnedLoad, pinLoad, readPinnedLoad } from "./pinned-loads.ts";
import { SOAK_MS_MAX, SOAK_MS_MIN } from "./plan-phases.ts";
import { type Plant, plantInto } from "./plants/plant.ts";
import { plants } from "./plants/plants.ts";
import type { SoakReport } from "./report/soak-report.ts";
import { fingerprintOf } from "./run/describe-setup.ts";
import { runAgain } from "./run-again.ts";
import { runAgainst, runSoak, type SoakOptions } from "./run-soak.ts";
import type { SoakVerdictName } from "./soak-record.ts";
import { findBalancer } from "./stack/open-balancer.ts";
import type { SoakStack } from "./stack/open-soak-stack.ts";
import { appendHistory, readHistory } from "./verdict/history-file.ts";

const EXIT_CODES: Readonly<Record<SoakVerdictName, number>> = { ok: 0, regressed: 1, invalid: 2, noisy: 3 };
const EXIT_NOT_RUN = 4;
/** 128 + SIGINT, as shells say it. */
const EXIT_INTERRUPTED = 130;
const UNITS_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000 };
const RATE_MAX = 10_000;
const SEED_MAX = 2 ** 32 - 1;
const ROOT = join(import.meta.dir, "..", "..");
const PERFORMANCE = join(ROOT, "docs", "performance");
const SETS = 2;
/** One sample of all sources together, at most. */
const SAMPLES = { bytesMax: 65_536, every: 1 } as const;

interface Flags {
  readonly duration: number;
  readonly rate?: number;
  readonly seed: number;
  readonly balancer: boolean;
  readonly json: boolean;
  readonly history: string;
  readonly loads: string;
  readonly out?: string;
  readonly data?: string;
  readonly build?: string;
  readonly against?: string;
  readonly plant?: Plant;
}

function parseDuration(text: string): number {
  const [matched, count, unit = ""] = /^(\d{1,6})(s|m|h)$/.exec(text) ?? [];
  const ms = Number(count) * (UNITS_MS[unit] ?? 0);
  if (matched !== undefined && ms >= SOAK_MS_MIN && ms <= SOAK_MS_MAX) return ms;
  throw new InvalidArgumentError("It must be like 4m or 4h: at least 2m, at most 24h.");
}

function parsePlant(text: string): Plant {
  const plant = plants.find(({ name }) => name === text);
  if (plant !== undefined) return plant;
  throw new InvalidArgumentError(`It must be one of ${plants.map(({ name }) => name).join(", ")}.`);
}

const say = (line: string): void => void process.stderr.write(`${line}\n`);

async function run(flags: Flags): Promise<void> {
  const stopping = new AbortController();
  let isInterrupted = false;
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.on(signal, () => {
      isInterrupted = true;
      stopping.abort(new Error("The run was interrupted"));
    });
  }
  // A defect of ours would end the process, and leave a whole platform running.
  for (const event of ["uncaughtException", "unhandledRejection"]) {
    process.on(event, (defect) => stopping.abort(defect));
  }
  const dataDir = resolve(flags.data ?? mkdtempSync(join(tmpdir(), "godwit-soak-")));
  if (existsSync(join(dataDir, "run"))) throw new Error(`Cannot run in ${dataDir}: it holds the record of another run`);
  mkdirSync(dataDir, { recursive: true });
  try {
    const report = await soak(flags, dataDir, stopping.signal);
    const out = resolve(flags.out ?? join(dataDir, "report"));
    const summary = keepReport(report, await readHistory(flags.history), out);
    if (flags.json) process.stdout.write(`${JSON.stringify(report, undefined, 2)}\n`);
    for (const line of summary) (flags.json ? say : (text: string) => process.stdout.write(`${text}\n`))(line);
    process.exitCode = EXIT_CODES[report.record.verdict.name];
    // Of a run with something to be found the sets and logs are needed too.
    if (report.record.verdict.name === "invalid") say(`its sets, logs and history are kept in ${dataDir}`);
    else removePlatformData(dataDir);
  } catch (error) {
    process.exitCode = isInterrupted ? EXIT_INTERRUPTED : EXIT_NOT_RUN;
    // Whoever stops a run does not look for what went wrong in its sets.
    if (isInterrupted) removePlatformData(dataDir);
    say(
      isInterrupted
        ? "Interrupted"
        : `Cannot soak: ${wordsOf(stopping.signal.aborted ? stopping.signal.reason : error)}`,
    );
    say(`Everything is stopped; what was recorded is in ${dataDir}. It counts for nothing: start again when you like.`);
  }
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

async function soak(flags: Flags, dataDir: string, signal: AbortSignal): Promise<SoakReport> {
  const withBalancer = flags.balancer;
  if (withBalancer) findBalancer();
  const k6 = await findTool("k6", { onProgress: say });
  const machine = await describeMachine();
  const fingerprint = fingerprintOf(machine, k6.version, withBalancer);
  const messagesPerSecond =
    flags.rate ?? (await loadOf(flags, { dataDir, machine, fingerprint, signal })).messagesPerSecond;
  const disk = { durationMs: flags.duration, offeredPerSecond: messagesPerSecond, sets: SETS, sources: [SAMPLES] };
  const plan = await planDisk(dataDir, disk);
  if (plan.type === "too_little") throw new Error(plan.message);
  say(plan.message);
  const options: SoakOptions = {
    command: `npm run soak -- ${process.argv.slice(2).join(" ")}`,
    durationMs: flags.duration,
    ...{ messagesPerSecond, seed: flags.seed, dataDir, withBalancer, machine, say, signal },
    ...(flags.build !== undefined && { build: resolve(flags.build) }),
    history: await readHistory(flags.history),
    notes: withBalancer ? [] : ["Without a balancer: all requests went to one edge, on Deno."],
    clock: systemClock,
  };
  const report = await judgedRun(flags, options);
  const isMeasured = Object.values(report.record.numbers).every(Number.isFinite);
  if (flags.plant !== undefined) say("It does not become part of the history, as a defect was planted into it");
  else if (isMeasured) await appendHistory(flags.history, report.record);
  else say("It does not become part of the history, as not all of it was measured");
  return report;
}

/** By its history, and before it is called regressed beside the last good build; or beside the build asked for. */
async function judgedRun(flags: Flags, options: SoakOptions): Promise<SoakReport> {
  if (flags.against !== undefined) {
    await using base = await checkoutBuild({ ref: flags.against, dir: join(options.dataDir, "base-build") });
    return await runAgainst(options, base.dir);
  }
  if (flags.plant !== undefined) return plantedRun(flags.plant, options);
  return await runAgain(await runSoak(options), options);
}

/** A run of this commit with a defect in it; judged by its history alone, as what is paired is another build. */
async function plantedRun(plant: Plant, options: SoakOptions): Promise<SoakReport> {
  await using build = await checkoutBuild({ ref: "HEAD", dir: join(options.dataDir, "planted-build") });
  plantInto(build.dir, plant);
  const onUp = async ({ platform }: SoakStack): Promise<void> => plant.sabotage?.(platform);
  const notes = [...options.notes, `Planted: ${plant.words}.`];
  return (await runSoak({ ...options, build: build.dir, onUp, notes })).report;
}

/** Found on the first run of a machine, and kept. */
async function loadOf(
  { loads, balancer }: Flags,
  of: {
    readonly dataDir: string;
    readonly machine: Machine;
    readonly fingerprint: string;
    readonly signal: AbortSignal;
  },
): Promise<PinnedLoad> {
  const { machine, fingerprint, signal } = of;
  const known = readPinnedLoad(loads, fingerprint);
  if (known !== undefined) return known;
  const dataDir = join(of.dataDir, "knee");
  mkdirSync(dataDir, { recursive: true });
  const found = await findLoad({ dataDir, withBalancer: balancer, machine, clock: systemClock, say, signal });
  removePlatformData(dataDir);
  rmSync(dataDir, { recursive: true, force: true });
  pinLoad(loads, fingerprint, found);
  say(`kept in ${loads} for this machine: ${found.messagesPerSecond} messages/s`);
  return found;
}

try {
  await new Command("npm run soak --")
    .exitOverride()
    .description(
      "Loads a whole platform for hours, breaks it on the way, and says whether it is right and as fast as it was.",
    )
    .option("--duration <time>", "such as 2m, 1h, 4h; the phases scale", parseDuration, 4 * 3_600_000)
    .option(
      "--rate <n>",
      "messages a second; default: 60 % of this machine's knee, found once",
      wholeNumber(1, RATE_MAX),
    )
    .option("--seed <n>", "of the load and the faults", wholeNumber(0, SEED_MAX), 1)
    .option("--no-balancer", "one edge and no HAProxy before it: another experiment, with a history of its own")
    .option("--json", "the whole report on stdout, words on stderr", false)
    .option("--out <folder>", "for the report; default: beside the data")
    .option("--history <file>", "of earlier runs; this one is appended", join(PERFORMANCE, "history.jsonl"))
    .option("--loads <file>", "the load of each machine", join(PERFORMANCE, "loads.json"))
    .option("--data <folder>", "where to put everything; a new one by default")
    .option("--build <folder>", "a checkout whose roles are to run; default: this one")
    .option("--against <ref>", "compare this build with another one of the repository, in turns; at least 6m")
    .option("--plant <name>", `a defect that it has to find: ${plants.map(({ name }) => name).join(", ")}`, parsePlant)
    .action(run)
    .parseAsync();
} catch (error) {
  if (!(error instanceof CommanderError)) throw error;
  process.exitCode = error.exitCode === 0 ? 0 : EXIT_NOT_RUN;
}
