/**
 * A run that is worse than its history is run again beside the last good build, before it is called regressed: both in
 * turns, so that a machine which is slow today is slow for both.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { removePlatformData } from "#testkit/platform-leftovers.ts";
import { type CheckedOutBuild, checkoutFirst } from "./builds/checkout-build.ts";
import { PAIRED_MS_MIN } from "./paired/plan-blocks.ts";
import type { SoakReport } from "./report/soak-report.ts";
import { compareBuilds, type SoakOptions, type SoakOutcome } from "./run-soak.ts";
import { BASELINE_RUNS_MAX, comparableRuns } from "./verdict/robust-history.ts";

/** Of the rerun of a long night: 29 pairs of half a minute. */
const RERUN_MS_MAX = 30 * 60_000;

/** The report as it stands, unless it says regressed and a good build is to be had. Throws like runSoak. */
export async function runAgain({ report, judgeWith }: SoakOutcome, options: SoakOptions): Promise<SoakReport> {
  const { record } = report;
  if (record.verdict.name !== "regressed") return report;
  const dataDir = join(options.dataDir, "paired");
  mkdirSync(dataDir, { recursive: true });
  await using base: CheckedOutBuild | undefined = await checkoutFirst(goodCommits(options, record), {
    dir: join(dataDir, "base-build"),
  });
  if (base === undefined) {
    return judgeWith(undefined, ["Judged by its history alone: no good build of it is in this repository."]);
  }
  const { commit } = base;
  options.say(`${record.verdict.because}; comparing with ${commit}, the last good build, block by block`);
  const durationMs = Math.min(RERUN_MS_MAX, Math.max(PAIRED_MS_MIN, options.durationMs));
  try {
    const paired = await compareBuilds({ ...options, dataDir, durationMs }, base.dir);
    const note = `Run again beside ${commit}, the last good build, in blocks of ${paired.blockMs / 1_000} s.`;
    return judgeWith(paired, [note]);
  } finally {
    for (const side of ["base", "candidate"]) removePlatformData(join(dataDir, side));
  }
}

/** Of the runs that this one was compared with, the last one first. */
function goodCommits({ history }: SoakOptions, record: SoakReport["record"]): readonly string[] {
  const good = comparableRuns(history, record).filter(({ verdict }) => verdict.name === "ok");
  const commits = good.slice(-BASELINE_RUNS_MAX).map(({ commit }) => commit.replace(/\+changes$/, ""));
  return [...new Set(commits.reverse())];
}
