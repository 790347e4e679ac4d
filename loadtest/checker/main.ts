/**
 * The judging process of the checker bench: judges one run that lies ready, so that its memory is the checker's alone.
 * The plan comes as JSON on stdin; the last line of stdout is its report.
 */
import { readFileSync } from "node:fs";
import { checkHistory } from "../../proof/checker/check-history.ts";
import { createSampleSources } from "../../proof/checker/testing/sample-run.ts";
import type { JudgePlan, JudgeReport } from "./start-judge.ts";

const BYTES_PER_MB = 1024 ** 2;
const KILOBYTES_PER_MB = 1_024;

const plan = (await Bun.stdin.json()) as JudgePlan;
const startedAt = performance.now();
let databaseBytes = 0;
const { verdict, reasons } = await checkHistory({
  dir: plan.dir,
  stores: createSampleSources({ messages: plan.messages }),
  postgres: plan.postgres,
  reportsUrl: plan.reportsUrl,
  say: (line) => {
    const seconds = Math.round((performance.now() - startedAt) / 1_000);
    process.stderr.write(`${seconds} s, ${Math.round(process.memoryUsage.rss() / BYTES_PER_MB)} MB: ${line}\n`);
  },
  onSize: (size) => {
    databaseBytes = size;
  },
});
const { user, system } = process.cpuUsage();
const report: JudgeReport = {
  ...{ verdict, reasons, databaseBytes },
  seconds: (performance.now() - startedAt) / 1_000,
  cpuSeconds: (user + system) / 1_000_000,
  peakRssMb: peakRssMb(),
};
console.log(JSON.stringify(report));

/** Not getrusage's: that begins with the memory of the process that started this one, which made the run. proc(5) */
function peakRssMb(): number {
  const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1];
  return Number(kilobytes) / KILOBYTES_PER_MB;
}
