/** Many seeds, one after the other: what failed, how each is run again, and which states were never reached. */
import type { Finding } from "./checks/index.ts";
import type { Fault } from "./nemesis/fault-table.ts";
import type { Plant } from "./plant.ts";
import { type Run, runSeed } from "./run-seed.ts";
import { shrinkSchedule } from "./shrink-schedule.ts";
import { addReached, neverReached, type Reached, type Sometimes } from "./sometimes.ts";

export interface FailedSeed {
  readonly seed: number;
  readonly findings: readonly Finding[];
  readonly schedule: readonly Fault[];
  /** Runs it again. */
  readonly command: string;
}

export interface SeedsResult {
  readonly seeds: number;
  readonly failed: readonly FailedSeed[];
  readonly reached: ReadonlyMap<Sometimes, number>;
  /** Of a batch that is long enough, a failure: nothing is known of these states. */
  readonly never: readonly Sometimes[];
}

export interface RunSeedsOptions {
  readonly from: number;
  readonly count: number;
  readonly plant?: Plant;
  /** Ends the batch at the first failure. */
  readonly stopAtFirst?: boolean;
  readonly onRun?: (run: Run) => void;
}

export async function runSeeds({ from, count, plant, stopAtFirst, onRun }: RunSeedsOptions): Promise<SeedsResult> {
  const failed: FailedSeed[] = [];
  const reached: Reached = new Map();
  let seeds = 0;
  for (let seed = from; seed < from + count; seed++) {
    const run = await inMacrotask(() => runSeed({ seed, ...(plant && { plant }) }));
    seeds += 1;
    onRun?.(run);
    addReached(reached, run.sometimes);
    if (run.findings.length === 0) continue;
    const { findings, schedule } = run;
    failed.push({ seed, findings, schedule, command: `npm run sim -- --seed ${seed}` });
    if (stopAtFirst === true) break;
  }
  return { seeds, failed, reached, never: neverReached(reached) };
}

/** The shortest part of a failed run's schedule that still makes the same check fail. */
export function shrinkRun({ seed, schedule, findings }: Run, plant?: Plant): Promise<readonly Fault[]> {
  const red = new Set(findings.map(({ check }) => check));
  const fails = (some: readonly Fault[]): boolean =>
    runSeed({ seed, schedule: some, ...(plant && { plant }) }).findings.some(({ check }) => red.has(check));
  return inMacrotask(() => shrinkSchedule(schedule, fails));
}

/** Simulated time drives promises by itself, which works in no microtask. */
export function inMacrotask<T>(act: () => T): Promise<T> {
  return new Promise((resolve, reject) => {
    setImmediate(() => {
      try {
        resolve(act());
      } catch (error) {
        reject(error instanceof Error ? error : new Error(String(error)));
      }
    });
  });
}

/** For people: a line for each state that was reached, and for each that never was. */
export function describeReached({ reached, never }: Pick<SeedsResult, "reached" | "never">): string {
  const lines = [...reached].map(([name, times]) => `  ${`${times}`.padStart(8)}  ${name}`);
  return [...lines, ...never.map((name) => `  never: ${name}`)].join("\n");
}

/** For people: a line for each finding, with the way to see it again. */
export function describeFailures(failed: readonly FailedSeed[]): string {
  return failed
    .map(({ seed, findings, command }) => {
      const lines = findings.slice(0, 5).map(({ check, what }) => `  ${check}: ${what}`);
      return [`seed ${seed}: ${findings.length} findings. Again: ${command}`, ...lines].join("\n");
    })
    .join("\n");
}
