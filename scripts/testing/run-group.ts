// Runs one group of test files with Bun or Deno and judges the outcome.

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Children } from "../children.ts";
import { readDenoPermissions } from "../deno-permissions.ts";
import { type JunitReport, readJunit } from "./junit.ts";
import type { TestGroup } from "./plan.ts";
import { type GroupVerdict, judgeGroup } from "./verdict.ts";

export type GroupResult = {
  readonly group: TestGroup;
  readonly verdict: GroupVerdict;
  readonly output: string;
  readonly ms: number;
};

export type GroupRun = {
  readonly root: string;
  readonly children: Children;
  readonly env: Readonly<Record<string, string>>;
};

/** Runs a group to its end; never rejects for what the tests do. */
export async function runGroup(group: TestGroup, { root, children, env }: GroupRun): Promise<GroupResult> {
  const folder = mkdtempSync(join(tmpdir(), "godwit-report-"));
  const reportFile = join(folder, "junit.xml");
  const argv = group.kind === "edge-deno" ? denoCommand(root, group, reportFile) : bunCommand(root, group, reportFile);
  const { end, output, ms } = await children.run({ argv, cwd: root, timeoutMs: group.timeoutMs, env });
  const verdict = judgeGroup(group, end, readReport(reportFile));
  rmSync(folder, { recursive: true, force: true });
  return { group, verdict, output, ms };
}

function bunCommand(root: string, group: TestGroup, reportFile: string): [string, ...string[]] {
  return [
    join(root, "node_modules", ".bin", "bun"),
    "test",
    `--timeout=${group.testTimeoutMs}`,
    "--reporter=junit",
    `--reporter-outfile=${reportFile}`,
    // With "./" a name is a path; without, it is a filter that also takes files which merely contain it.
    ...group.files.map((file) => `./${file}`),
  ];
}

function denoCommand(root: string, group: TestGroup, reportFile: string): [string, ...string[]] {
  return [
    join(root, "node_modules", ".bin", "deno"),
    "test",
    // The gate has checked the types.
    "--no-check",
    ...readDenoPermissions(root, "test:edge"),
    `--junit-path=${reportFile}`,
    ...group.files,
  ];
}

function readReport(file: string): JunitReport {
  try {
    return readJunit(readFileSync(file, "utf8"));
  } catch {
    return { kind: "unreadable", reason: "it wrote none" };
  }
}
