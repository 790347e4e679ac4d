// What a test run prints: a line a group, the slowest tests, the failures in full, and the counts as the last line.

import type { StepResult } from "../check.ts";
import type { GroupResult } from "./run-group.ts";

const SLOWEST_SHOWN = 5;

export type Counts = { readonly passed: number; readonly failed: number; readonly skipped: number };

/** Adds up the gate's steps, the groups, and faults that belong to neither. */
export function countAll(
  steps: readonly StepResult[],
  groups: readonly GroupResult[],
  faults: readonly string[],
): Counts {
  const stepsThat = (kind: StepResult["verdict"]["kind"]): number => {
    return steps.filter(({ verdict }) => verdict.kind === kind).length;
  };
  const sum = (part: keyof Counts): number => groups.reduce((total, { verdict }) => total + verdict[part], 0);
  return {
    passed: stepsThat("passed") + sum("passed"),
    failed: stepsThat("failed") + sum("failed") + faults.length,
    skipped: stepsThat("skipped") + sum("skipped"),
  };
}

/** The last line of a run. */
export function describeCounts({ passed, failed, skipped }: Counts): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;
}

/** One line a group. */
export function describeGroup({ group, verdict, ms }: GroupResult): string {
  const files = `${group.files.length} ${group.files.length === 1 ? "file" : "files"}`;
  const tests = verdict.cases.length;
  const state = verdict.failed === 0 ? "ok  " : "FAIL";
  return `  ${state}  ${group.name.padEnd(12)} ${seconds(ms)}  ${files}, ${tests} tests\n`;
}

/** The slowest tests of all groups. */
export function describeSlowest(groups: readonly GroupResult[]): string {
  const slowest = groups
    .flatMap(({ verdict }) => verdict.cases)
    .sort((a, b) => b.ms - a.ms)
    .slice(0, SLOWEST_SHOWN);
  if (slowest.length === 0) return "";
  return `\nslowest\n${slowest.map(({ ms, file, name }) => `  ${seconds(ms)}  ${file}: ${name}\n`).join("")}`;
}

/** The names of a group's failures and faults, then what its runner printed about them; empty when nothing failed. */
export function describeFailures({ group, verdict, output }: GroupResult): string {
  if (verdict.failed === 0) return "";
  const failed = verdict.cases.filter((test) => test.outcome === "failed");
  const names = failed.map(({ file, name }) => `  ${file}: ${name}\n`);
  const faults = verdict.faults.map((fault) => `  ${fault}\n`);
  return `\nfailed in ${group.name}\n${names.join("")}${faults.join("")}\n${outputOfFailed(output)}\n`;
}

/**
 * Bun heads each file's output by its name; the files in which nothing failed are left out. When no heading is found,
 * as with Deno or after a crash, the whole output is the answer.
 */
export function outputOfFailed(output: string): string {
  const sections = output.replace(/^\d+ tests? failed:\n[\s\S]*$/m, "").split(/^(?=\S+\.test\.ts:$)/m);
  const telling = sections.filter((section) => /^\(fail\) |^# Unhandled error|^error: /m.test(section));
  return (telling.length > 0 ? telling : sections).join("").trimEnd();
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(ms < 10_000 ? 2 : 1).padStart(6)} s`;
}
