/** Two builds in one go: both platforms up, their blocks in turn, and a result for each gated number. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { seededStream } from "../../../proof/seeded-random.ts";
import { measureWindows } from "../run/measure-run.ts";
import { checkMeasured, loadAndMeasure, type Measured, type Observed, planLoad } from "../run/observe.ts";
import { reportsUrlOf } from "../run/open-sampling.ts";
import type { SoakOptions } from "../run-soak.ts";
import { openSoakStack, type SoakStackOptions } from "../stack/open-soak-stack.ts";
import { GATE_KINDS, GATE_NAMES, type GateName } from "../verdict/gate-kinds.ts";
import type { PairedResults } from "../verdict/judge-gates.ts";
import { type Block, judgePairs } from "../verdict/paired-blocks.ts";
import { planBlocks, type Side } from "./plan-blocks.ts";

/** k6 alone knows them, by phase and not by window. */
const NOT_PAIRED: readonly GateName[] = ["failures"];

export interface PairedRun {
  readonly base: Observed;
  readonly candidate: Observed;
  readonly results: PairedResults;
  readonly blockMs: number;
}

export interface PairedOptions extends Omit<SoakOptions, "history" | "notes"> {
  /** The checkout that is compared with; `build` is what is judged. */
  readonly baseBuild: string;
  readonly stackOptions: (dataDir: string, build: string | undefined) => SoakStackOptions;
}

/** Throws a RangeError for too short a time, the reason of `signal`, and what opening a platform throws. */
export async function runPaired(options: PairedOptions): Promise<PairedRun> {
  const { dataDir, say, seed } = options;
  const planned = planBlocks(options);
  const open = (side: Side) => {
    const folder = join(dataDir, side);
    mkdirSync(folder, { recursive: true });
    say(`${side}:`);
    return openSoakStack(options.stackOptions(folder, side === "base" ? options.baseBuild : options.build));
  };
  await using stacks = new AsyncDisposableStack();
  const base = stacks.use(await open("base"));
  const candidate = stacks.use(await open("candidate"));
  say(`${planned.order.length / 2} pairs of blocks of ${planned.blockMs / 1_000} s`);
  const load = (side: Side, stack: typeof base): Promise<Measured> =>
    loadAndMeasure({
      ...options,
      stack,
      plan: planLoad(seed, stack, planned.phases[side]),
      say: (line) => say(`${side}: ${line}`),
    });
  const [measuredBase, measuredCandidate] = await Promise.all([load("base", base), load("candidate", candidate)]);
  const results = await judgeBlocks({ base: measuredBase, candidate: measuredCandidate }, planned.order, seed);
  return {
    base: await checkMeasured(measuredBase, say),
    candidate: await checkMeasured(measuredCandidate, say),
    results,
    blockMs: planned.blockMs,
  };
}

async function judgeBlocks(
  measured: Readonly<Record<Side, Measured>>,
  order: readonly Side[],
  seed: number,
): Promise<PairedResults> {
  const left = {
    base: [...measured.base.figures.windows],
    candidate: [...measured.candidate.figures.windows],
  };
  const blocks: { readonly side: Side; readonly numbers: Awaited<ReturnType<typeof measureWindows>>["numbers"] }[] = [];
  for (const side of order) {
    const window = left[side].shift();
    if (window === undefined) break; // the run was cut short, and says so itself
    const { run, stack } = measured[side];
    blocks.push({ side, numbers: (await measureWindows(run, reportsUrlOf(stack), [window])).numbers });
  }
  const results = GATE_NAMES.flatMap((name) => {
    if (NOT_PAIRED.includes(name)) return [];
    const values = blocks.map(({ side, numbers }): Block => ({ side, value: numbers[name as "ratePerSecond"] }));
    // Of what was not measured, or of nothing, there is no ratio.
    if (!values.every(({ value }) => value > 0 && Number.isFinite(value))) return [];
    return [[name, judgePairs(values, GATE_KINDS[name], seededStream(seed, `pairs ${name}`))] as const];
  });
  return Object.fromEntries(results);
}
