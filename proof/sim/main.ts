/**
 * `npm run sim`: many seeds, or one again with all that its processes say. Exit code 1 when a promise was broken or an
 * interesting state was never reached.
 */
import { Command, CommanderError, InvalidArgumentError } from "commander";
import { type PlantedBug, plants } from "./plants/index.ts";
import { runSeed } from "./run-seed.ts";
import { describeFailures, describeReached, inMacrotask, shrinkRun } from "./run-seeds.ts";
import { runSeedsOnCores } from "./run-seeds-on-cores.ts";

const SEEDS_MAX = 10_000_000;
const SEEDS_DEFAULT = 1_500;
/** Fewer say nothing about states that were never reached. */
const SEEDS_TELLING = 300;
const PROGRESS_EVERY = 100;

interface Options {
  readonly seeds: number;
  readonly from: number;
  readonly seed?: number;
  readonly quiet?: true;
  readonly plant?: PlantedBug;
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value <= SEEDS_MAX) return value;
  throw new InvalidArgumentError(`It must be a whole number up to ${SEEDS_MAX}.`);
}

function plantOf(text: string): PlantedBug {
  const found = plants.find(({ plant }) => plant.name === text);
  if (found !== undefined) return found;
  throw new InvalidArgumentError(`It must be one of ${plants.map(({ plant }) => plant.name).join(", ")}.`);
}

/** One seed, its log, and the shortest schedule that still fails. */
async function runAgain(seed: number, { quiet, plant }: Options): Promise<boolean> {
  const planted = plant && { plant: plant.plant };
  const say = (line: string): void => console.log(line);
  const run = await inMacrotask(() => runSeed({ seed, ...planted, ...(quiet ? {} : { onLog: say }) }));
  console.log(`seed ${seed}: ${run.steps} steps, ${Math.round(run.ms / 1_000)} simulated s, trace ${run.traceHash}`);
  for (const { fault, happened, detail } of run.history.faults) {
    console.log(`  ${happened ? "fault" : "no fault"} ${JSON.stringify(fault)} ${detail}`);
  }
  for (const { check, what } of run.findings) console.log(`  ${check}: ${what}`);
  if (run.findings.length === 0) return true;
  const shortest = await shrinkRun(run, plant?.plant);
  console.log(`shortest schedule that fails (${shortest.length} of ${run.schedule.length} faults):`);
  for (const fault of shortest) console.log(`  ${JSON.stringify(fault)}`);
  return false;
}

async function runMany({ from, seeds, plant }: Options): Promise<boolean> {
  const startedAt = performance.now();
  let done = 0;
  const result = await runSeedsOnCores({
    from,
    count: seeds,
    ...(plant && { plant: plant.plant.name }),
    onRun(seed, finding) {
      done += 1;
      if (finding !== undefined) console.log(`seed ${seed}: ${finding}`);
      if (done % PROGRESS_EVERY === 0) console.error(`${done} seeds`);
    },
  });
  const seconds = (performance.now() - startedAt) / 1_000;
  const never = seeds < SEEDS_TELLING ? [] : result.never;
  console.log(describeReached({ ...result, never }));
  if (result.failed.length > 0) console.log(describeFailures(result.failed));
  console.log(`${seeds} seeds from ${from}, ${result.failed.length} failed, ${seconds.toFixed(0)} s`);
  return result.failed.length === 0 && never.length === 0;
}

const command = new Command("npm run sim --")
  .exitOverride()
  .description("The real code on simulated time, network, sets and provider; every run follows from its seed.")
  .option("--seeds <n>", "how many seeds", wholeNumber, SEEDS_DEFAULT)
  .option("--from <n>", "the first of them", wholeNumber, 1)
  .option("--seed <n>", "one seed, with its log; a failure is shrunk to the shortest schedule", wholeNumber)
  .option("--quiet", "with --seed: without the log")
  .option("--plant <name>", `plants a bug: ${plants.map(({ plant }) => plant.name).join(", ")}`, plantOf)
  .action(async (options: Options) => {
    const { seed } = options;
    const isGood = seed === undefined ? await runMany(options) : await runAgain(seed, options);
    process.exitCode = isGood ? 0 : 1;
  });

try {
  await command.parseAsync();
} catch (error) {
  if (!(error instanceof CommanderError)) throw error;
  process.exitCode = error.exitCode;
}
