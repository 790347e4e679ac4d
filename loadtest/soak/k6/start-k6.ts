/**
 * k6 as a process of ours: starting → running → ended. It gets its plan in its environment, writes its record and its
 * summary into the folder of the run, reports to nobody and speaks to the loopback only. Its record is written line by
 * line, each before the request goes out, so a k6 that is killed leaves what is true.
 */
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { findTool } from "#testkit/tools.ts";
import { rssMegabytesOfTree, sampleSystem } from "../../process-cpu.ts";
import { checkedPlan, type LoadPlan, PLAN_VARIABLE } from "../load-plan.ts";
import { type K6Summary, parseK6Summary } from "./k6-summary.ts";

export type K6Script = "smoke" | "ramp" | "burst" | "soak";

/**
 * `thresholds`: it ran to its end, or to its first crossed threshold, and says that one was crossed. `stopped`: by
 * `stop` or a signal from outside that it obeys. `crashed`: by any other code or signal, a `kill` too.
 */
export type K6EndKind = "passed" | "thresholds" | "stopped" | "crashed";

export interface K6End {
  readonly kind: K6EndKind;
  readonly exitCode: number | null;
  /** For people: how it ended, and what it said last where that helps. */
  readonly words: string;
  /** Undefined when it had no time to write it. */
  readonly summary: K6Summary | undefined;
  readonly usage: K6Usage;
}

export interface K6Usage {
  readonly cpuSeconds: number;
  readonly peakRssMb: number;
  /** At most RSS_SAMPLES_MAX, evenly over the run; the first ones show its start. */
  readonly rss: readonly { readonly atMs: number; readonly megabytes: number }[];
}

export interface RunningK6 {
  readonly pid: number;
  readonly version: string;
  /** k6's own record; see `writeClientHistory`. */
  readonly rawFile: string;
  readonly end: Promise<K6End>;
  /** No more iterations; those under way may end, then it writes its summary. */
  stop(): void;
  /** At once; what it recorded stays. */
  kill(): void;
}

export interface StartK6Options {
  readonly script: K6Script;
  readonly plan: LoadPlan;
  /** Of the run: `k6.raw`, `k6-summary.json` and `k6.log` are written there. */
  readonly dir: string;
  readonly onProgress?: (line: string) => void;
}

const SCRIPTS = join(import.meta.dir, "..", "..", "scenarios");
/** https://grafana.com/docs/k6/latest/using-k6/thresholds/: "one or more thresholds failed". */
const THRESHOLDS_CROSSED = 99;
/** After SIGINT. */
const EXTERNAL_ABORT = 105;
const MICROSECONDS = 1e6;
const SAMPLE_EVERY_MS = 2_000;
const RSS_SAMPLES_MAX = 1_000;
const LAST_WORDS_CHARS_MAX = 2_000;
/** Iterations under way, and the summary over all values. */
const OVERTIME_MS = 120_000;

/** Throws ToolMissingError where there is no k6, and a RangeError for a plan that cannot be. */
export async function startK6(options: StartK6Options): Promise<RunningK6> {
  const plan = checkedPlan(options.plan);
  const { onProgress } = options;
  const tool = await findTool("k6", onProgress === undefined ? {} : { onProgress });
  const [rawFile, summaryFile, logFile] = ["k6.raw", "k6-summary.json", "k6.log"].map((name) =>
    join(options.dir, name),
  ) as [string, string, string];
  for (const file of [rawFile, summaryFile, logFile]) rmSync(file, { force: true });
  const runMs = Math.max(...plan.phases.map(({ startMs, durationMs }) => startMs + durationMs));
  const script = join(SCRIPTS, `${options.script}.k6.ts`);
  const child = Bun.spawn([tool.path, "run", ...ARGUMENTS, `--console-output=${rawFile}`, script], {
    env: environmentFor(plan, summaryFile),
    stdin: "ignore",
    stdout: Bun.file(logFile),
    stderr: Bun.file(logFile),
    timeout: runMs + OVERTIME_MS,
    killSignal: "SIGKILL",
  });
  const meter = startMeter(child.pid);
  let isStopping = false;

  async function waitForEnd(): Promise<K6End> {
    const exitCode = await child.exited.then(() => child.exitCode);
    const usage = { ...meter.stop(), cpuSeconds: Number(child.resourceUsage()?.cpuTime.total ?? 0) / MICROSECONDS };
    const kind = kindOf(exitCode, isStopping);
    return { kind, exitCode, words: wordsOf(kind, exitCode, child.signalCode, logFile), summary: readSummary(), usage };
  }

  function readSummary(): K6Summary | undefined {
    return existsSync(summaryFile) ? parseK6Summary(plan, readFileSync(summaryFile, "utf8")) : undefined;
  }

  return {
    pid: child.pid,
    version: tool.version,
    rawFile,
    end: waitForEnd(),
    stop() {
      isStopping = true;
      child.kill("SIGINT");
    },
    kill: () => child.kill("SIGKILL"),
  };
}

/** `raw` is the line alone. Without an address it serves no API; `--quiet` leaves out the moving bar. */
const ARGUMENTS = ["--quiet", "--no-color", "--log-format=raw", "--address=", "--no-usage-report"] as const;

/** Nothing of our own environment: a K6_ variable there would change the load. */
function environmentFor(plan: LoadPlan, summaryFile: string): Record<string, string> {
  return {
    [PLAN_VARIABLE]: JSON.stringify(plan),
    GODWIT_SOAK_SUMMARY: summaryFile,
    K6_NO_USAGE_REPORT: "true",
    // Newer ones would fetch what a script imports and they do not know; ours import nothing of the kind.
    K6_AUTO_EXTENSION_RESOLUTION: "false",
    HOME: "/nonexistent",
    PATH: "",
  };
}

function kindOf(exitCode: number | null, isStopping: boolean): K6EndKind {
  if (exitCode === 0) return isStopping ? "stopped" : "passed";
  if (exitCode === THRESHOLDS_CROSSED) return "thresholds";
  return exitCode === EXTERNAL_ABORT ? "stopped" : "crashed";
}

function wordsOf(kind: K6EndKind, exitCode: number | null, signal: string | number | null, logFile: string): string {
  const how = signal === null ? `exit code ${exitCode}` : signal;
  if (kind === "passed") return "k6 ended and all thresholds held";
  if (kind === "stopped") return `k6 was stopped (${how})`;
  if (kind === "thresholds") return "k6 says that a threshold was crossed";
  const said = existsSync(logFile) ? readFileSync(logFile, "utf8").trim().slice(-LAST_WORDS_CHARS_MAX) : "";
  return `k6 crashed (${how})${said === "" ? "" : `; it said: ${said}`}`;
}

/** Watches the memory of k6 until it has ended. */
function startMeter(pid: number): { stop(): Omit<K6Usage, "cpuSeconds"> } {
  const startedAt = performance.now();
  let rss: { readonly atMs: number; readonly megabytes: number }[] = [];
  let [peakRssMb, every, ticks] = [0, 1, 0];
  const sample = (): void => {
    const system = sampleSystem();
    if (!system.processes.has(pid)) return;
    const megabytes = rssMegabytesOfTree(system, pid);
    peakRssMb = Math.max(peakRssMb, megabytes);
    if (ticks++ % every === 0) rss.push({ atMs: Math.round(performance.now() - startedAt), megabytes });
    if (rss.length < RSS_SAMPLES_MAX) return;
    rss = rss.filter((_, i) => i % 2 === 0);
    every *= 2;
  };
  const timer = setInterval(sample, SAMPLE_EVERY_MS);
  sample();
  return {
    stop() {
      clearInterval(timer);
      return { peakRssMb, rss };
    },
  };
}
