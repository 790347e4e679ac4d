// The gate: formatter and linter, both type checkers, unused code, and the tidy test. `npm run check` runs it alone,
// `npm test` runs it first. Steps run side by side, one line each; what a failed step said is shown whole.

import { existsSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { type Children, createChildren, describeEnd } from "./children.ts";
import { listRepoFiles } from "./repo-files.ts";
import { endOnSignals } from "./signals.ts";
import { readRepo } from "./tidy/source.ts";
import { describeFindings, findUntidy } from "./tidy.ts";

const STEP_TIMEOUT_MS = 300_000;
/** Checkers use several threads themselves; more than two at a time only take turns. */
const MAX_STEPS_AT_ONCE = 2;

export type StepVerdict =
  | { readonly kind: "passed" }
  | { readonly kind: "failed"; readonly output: string }
  | { readonly kind: "skipped"; readonly reason: string };

export type StepResult = { readonly name: string; readonly verdict: StepVerdict; readonly ms: number };

type Step = { readonly name: string; readonly run: () => Promise<StepVerdict> };

/** Runs every step of the gate, telling of each as it ends; the order of the results is the order of the steps. */
export async function runGate(
  root: string,
  children: Children,
  tell: (result: StepResult) => void,
): Promise<readonly StepResult[]> {
  const steps = gateSteps(root, children);
  const results: StepResult[] = [];
  let next = 0;
  const work = async (): Promise<void> => {
    for (let at = next++; at < steps.length; at = next++) {
      const step = steps[at];
      if (step === undefined) return;
      const started = performance.now();
      const verdict = await step.run().catch((error): StepVerdict => ({ kind: "failed", output: `${error}\n` }));
      const result = { name: step.name, verdict, ms: performance.now() - started };
      results[at] = result;
      tell(result);
    }
  };
  await Promise.all(Array.from({ length: Math.min(MAX_STEPS_AT_ONCE, availableParallelism()) }, work));
  return results;
}

/** One line a step, and the whole output of a failed one. */
export function describeStep({ name, verdict, ms }: StepResult): string {
  const line = `${name.padEnd(12)} ${(ms / 1000).toFixed(1).padStart(6)} s`;
  switch (verdict.kind) {
    case "passed":
      return `  ok    ${line}\n`;
    case "skipped":
      return `  skip  ${line}  ${verdict.reason}\n`;
    case "failed":
      return `  FAIL  ${line}\n${verdict.output.trimEnd()}\n`;
  }
}

/** The steps, longest first. */
function gateSteps(root: string, children: Children): readonly Step[] {
  const tool = (name: string, ...args: string[]): Step["run"] => {
    return () => runTool(root, children, name, args);
  };
  return [
    { name: "unused code", run: tool("knip", "--no-progress", "--no-config-hints") },
    { name: "deno check", run: () => checkDeno(root, children) },
    { name: "tsc", run: tool("tsc", "--noEmit", "-p", ".") },
    { name: "biome", run: tool("biome", "check", "--error-on-warnings", "--max-diagnostics=200") },
    { name: "tidy", run: async () => checkTidy(root) },
  ];
}

async function runTool(root: string, children: Children, name: string, args: readonly string[]): Promise<StepVerdict> {
  const file = join(root, "node_modules", ".bin", name);
  const { end, output } = await children.run({ argv: [file, ...args], cwd: root, timeoutMs: STEP_TIMEOUT_MS });
  if (end.kind === "exited" && end.code === 0) return { kind: "passed" };
  return { kind: "failed", output: `${output}${name} ${describeEnd(end)}\n` };
}

async function checkDeno(root: string, children: Children): Promise<StepVerdict> {
  const tests = listRepoFiles(root).filter((path) => /^edge\/.*_test\.ts$/.test(path));
  const files = ["edge/main.deno.ts", ...tests].filter((path) => existsSync(join(root, path)));
  if (files.length === 0) {
    return { kind: "skipped", reason: "there is no edge/main.deno.ts and no edge/**/*_test.ts yet" };
  }
  return await runTool(root, children, "deno", ["check", "--quiet", ...files]);
}

function checkTidy(root: string): StepVerdict {
  const findings = findUntidy(readRepo(root));
  return findings.length === 0 ? { kind: "passed" } : { kind: "failed", output: describeFindings(findings) };
}

if (import.meta.main) {
  const children = createChildren();
  using signals = endOnSignals(children);
  const results = await runGate(join(import.meta.dir, ".."), children, (result) => {
    process.stdout.write(describeStep(result));
  });
  const failed = results.filter(({ verdict }) => verdict.kind === "failed").length;
  process.stdout.write(failed === 0 ? "The gate is open.\n" : `The gate is closed: ${failed} failed.\n`);
  process.exitCode = signals.exitCode() ?? (failed === 0 ? 0 : 1);
}
