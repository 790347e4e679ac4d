/** The runs that show what the soak finds and leaves alone: which comes next, and what they have shown. Pure. */
import { z } from "zod";
import type { Plant } from "../plants/plant.ts";
import { plants } from "../plants/plants.ts";
import { soakVerdicts } from "../soak-record.ts";

/** Nothing was planted: the build against itself. */
export const SAME = "nothing";
/** Of twenty: one in twenty is what chance is left, and a machine has a bad hour. */
const REGRESSED_SHARE_MAX = 1 / 20;
const USELESS_SHARE_MAX = 3 / 20;
/** A noisy run says nothing, and is made again; a machine that is never quiet is found out by the same runs. */
export const NOISY_REPEATS_MAX = 2;

export const detectorRunSchema = z.strictObject({
  planted: z.string().min(1),
  startedAt: z.iso.datetime(),
  commit: z.string().min(1),
  /** With the load: all runs of a table have the same. */
  machine: z.string().min(1),
  verdict: z.enum(soakVerdicts),
  because: z.string(),
});
export type DetectorRun = z.output<typeof detectorRunSchema>;

export interface DetectorPlan {
  /** Runs with nothing planted. */
  readonly same: number;
  /** Runs of each plant that say something. */
  readonly each: number;
}

/** What to plant next: first nothing, as the others are judged by these; then the plants in turn. Undefined: done. */
export function nextRun(runs: readonly DetectorRun[], { same, each }: DetectorPlan): string | undefined {
  if (of(runs, SAME).length < same) return SAME;
  const left = plants.filter(({ name }) => !isDone(of(runs, name), each));
  return left.toSorted((a, b) => of(runs, a.name).length - of(runs, b.name).length).at(0)?.name;
}

function isDone(runs: readonly DetectorRun[], each: number): boolean {
  const noisy = runs.filter(({ verdict }) => verdict === "noisy").length;
  return runs.length - noisy >= each || noisy > NOISY_REPEATS_MAX * each;
}

/** Whether this run of a plant says exactly what it has to. */
export function isFound({ expects }: Plant, { verdict, because }: DetectorRun): boolean {
  return verdict === expects.verdict && expects.because.test(because);
}

export interface DetectorLine {
  readonly planted: string;
  readonly words: string;
  readonly runs: number;
  /** `ok` where nothing was planted; else those that said what they had to. */
  readonly right: number;
  readonly noisy: number;
  readonly must: string;
  readonly holds: boolean;
}

/** A line for nothing, and for each plant. */
export function judgeDetectors(runs: readonly DetectorRun[], { same, each }: DetectorPlan): readonly DetectorLine[] {
  return [judgeSame(of(runs, SAME), same), ...plants.map((plant) => judgePlant(plant, of(runs, plant.name), each))];
}

function of(runs: readonly DetectorRun[], name: string): readonly DetectorRun[] {
  return runs.filter(({ planted }) => planted === name);
}

function judgeSame(runs: readonly DetectorRun[], wanted: number): DetectorLine {
  const count = (...names: readonly string[]): number => runs.filter(({ verdict }) => names.includes(verdict)).length;
  const [regressedMax, uselessMax] = [Math.floor(wanted * REGRESSED_SHARE_MAX), Math.floor(wanted * USELESS_SHARE_MAX)];
  return {
    planted: SAME,
    words: "the build against itself",
    runs: runs.length,
    right: count("ok"),
    noisy: count("noisy"),
    must: `at most ${regressedMax} regressed, ${uselessMax} noisy or invalid`,
    holds: runs.length >= wanted && count("regressed") <= regressedMax && count("noisy", "invalid") <= uselessMax,
  };
}

function judgePlant(plant: Plant, runs: readonly DetectorRun[], wanted: number): DetectorLine {
  const telling = runs.filter(({ verdict }) => verdict !== "noisy");
  const right = telling.filter((run) => isFound(plant, run)).length;
  return {
    planted: plant.name,
    words: plant.words,
    runs: runs.length,
    right,
    noisy: runs.length - telling.length,
    must: `${plant.expects.verdict}, for its own reason`,
    holds: right >= wanted && right === telling.length,
  };
}
