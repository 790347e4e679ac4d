/** Starts the judging process on one run and reads back its report. */
import { join } from "node:path";
import type { Verdict } from "../../proof/checker/judgement.ts";

export interface JudgePlan {
  /** The run's folder. */
  readonly dir: string;
  /** Of the sample run: its logs are made while they are read. */
  readonly messages: number;
  readonly postgres: string;
  readonly reportsUrl: string;
}

export interface JudgeReport {
  readonly verdict: Verdict;
  readonly reasons: readonly string[];
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly peakRssMb: number;
  readonly databaseBytes: number;
}

/** Killed when `signal` aborts; rejects then, and when it fails. */
export async function runJudge(plan: JudgePlan, signal: AbortSignal): Promise<JudgeReport> {
  const child = Bun.spawn([process.execPath, join(import.meta.dir, "main.ts")], {
    stdin: Buffer.from(JSON.stringify(plan)),
    stdout: "pipe",
    stderr: "inherit",
    signal,
    killSignal: "SIGKILL",
  });
  const [text, code] = await Promise.all([new Response(child.stdout).text(), child.exited]);
  signal.throwIfAborted();
  if (code !== 0) throw new Error(`The judging process ended with exit code ${code}`);
  return JSON.parse(text.trim().split("\n").at(-1) ?? "") as JudgeReport;
}
