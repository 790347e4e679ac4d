/**
 * What the checker found, for people: report/index.md with the verdict in words, and a page for each counterexample
 * with all that is known of its message. The pages stand for themselves: the database behind them is gone when they
 * are read.
 */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { CheckResult, Counterexample, Judgement } from "./judgement.ts";
import { type Moment, timelineOf } from "./timeline.ts";
import type { Workbench } from "./workbench.ts";

const VERDICT_WORDS = {
  valid: "Valid: every check holds, and all that was to happen did happen.",
  invalid: "Invalid: at least one invariant is broken.",
  unknown: "Unknown: nothing was found, but the run proves too little.",
} as const;

/** Replaces <dir>/report and returns the path of its first page. */
export async function writePages(workbench: Workbench, dir: string, judged: Omit<Judgement, "pages">): Promise<string> {
  const folder = join(dir, "report");
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const check of judged.checks) {
    for (const [i, counterexample] of check.counterexamples.entries()) {
      const { message } = counterexample;
      const moments = message === undefined ? [] : await timelineOf(workbench, message);
      writeFileSync(join(folder, pageName(check, i)), renderPage(check, counterexample, moments));
    }
  }
  const index = join(folder, "index.md");
  writeFileSync(index, renderIndex(judged));
  return index;
}

function renderIndex({ verdict, reasons, checks }: Omit<Judgement, "pages">): string {
  const rows = checks.map((check) => {
    const pages = check.counterexamples.map((_, i) => `[${i + 1}](${pageName(check, i)})`).join(" ");
    return `| ${check.invariant} | ${check.name} | ${check.holds} | ${check.verdict} | ${check.counted} | ${pages} |`;
  });
  return [
    `# ${VERDICT_WORDS[verdict]}`,
    "",
    ...reasons.map((reason) => `- ${reason}`),
    "",
    "| invariant | check | what holds | verdict | found | pages |",
    "| --- | --- | --- | --- | --- | --- |",
    ...rows,
    "",
  ].join("\n");
}

function renderPage(check: CheckResult, { key, message, words }: Counterexample, moments: readonly Moment[]): string {
  const start = moments[0]?.at ?? 0;
  const lines = moments.map(({ at, from, words: what }) => {
    const time = new Date(at).toISOString();
    return `| ${time} | +${Math.round(at - start)} | ${from} | ${cell(what)} |`;
  });
  return [
    `# ${check.invariant} ${check.name}: ${key}`,
    "",
    `What should hold: ${check.holds}. What was found: ${words}.`,
    `It is one of ${check.counted}, and about ${message === undefined ? "no single message" : `message ${message}`}.`,
    "",
    ...(lines.length === 0 ? [] : ["| time | ms | seen by | what |", "| --- | --- | --- | --- |", ...lines, ""]),
  ].join("\n");
}

function pageName({ name }: CheckResult, index: number): string {
  return `${name}-${index + 1}.md`;
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("\n", " ");
}
