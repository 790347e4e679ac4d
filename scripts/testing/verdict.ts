// What a group's run amounts to. Silence is not success: a runner that crashed, a report that cannot be read, a file
// without an executed test are faults, and a fault counts as a failed test.

import { type ChildEnd, describeEnd } from "../children.ts";
import type { JunitReport, TestCase } from "./junit.ts";
import type { TestGroup } from "./plan.ts";

export type GroupVerdict = {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly cases: readonly TestCase[];
  /** Sentences on what went wrong beside the tests themselves; each counts as failed. */
  readonly faults: readonly string[];
};

/** Judges a group by how its runner ended and what it reported. */
export function judgeGroup(group: TestGroup, end: ChildEnd, report: JunitReport): GroupVerdict {
  const cases = report.kind === "read" ? report.cases : [];
  const count = (outcome: TestCase["outcome"]): number => cases.filter((test) => test.outcome === outcome).length;
  const faults = faultsOf(group, end, report);
  return {
    passed: count("passed"),
    failed: count("failed") + faults.length,
    skipped: count("skipped"),
    cases,
    faults,
  };
}

function faultsOf(group: TestGroup, end: ChildEnd, report: JunitReport): readonly string[] {
  const faults: string[] = [];
  if (end.kind !== "exited") faults.push(`The runner of '${group.name}' ${describeEnd(end)}`);
  if (report.kind === "unreadable") {
    // A runner that was ended leaves no report; that is one fault, not two.
    if (end.kind === "exited") {
      faults.push(`The runner of '${group.name}' ${describeEnd(end)} and left no readable report: ${report.reason}`);
    }
    return faults;
  }
  const reported = new Set(report.cases.map((test) => test.file));
  for (const file of group.files) if (!reported.has(file)) faults.push(`${file} executed no test`);
  const failed = report.cases.some((test) => test.outcome === "failed");
  if (end.kind === "exited" && end.code !== 0 && !failed && faults.length === 0) {
    faults.push(`The runner of '${group.name}' ${describeEnd(end)} although no test failed`);
  }
  return faults;
}
