/**
 * The checker bench: how long the judgement of a run of many messages takes, and how much memory. The run is made up
 * (a right one, its log made while it is read), with reports that the platform's own writer has filled; what is
 * measured is only the checker, in a process of its own on a PostgreSQL of its own. A run that is not found valid makes
 * the figures worth nothing.
 */
import { mkdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { openPostgres } from "#testkit/postgres.ts";
import { findTool } from "#testkit/tools.ts";
import { openSampleReports } from "../proof/checker/testing/open-sample-reports.ts";
import { fillReports, type SampleRun, writeFolder } from "../proof/checker/testing/sample-run.ts";
import type { Bench, BenchOptions, BenchOutcome } from "./bench-seam.ts";
import { runJudge } from "./checker/start-judge.ts";
import { rssMegabytesOfTree, sampleSystem } from "./process-cpu.ts";

/** The checker must stay below it for any number of messages. */
const RSS_MB_MAX = 1_000;
const BYTES_PER_GB = 1024 ** 3;
const MEMORY_EVERY_MS = 1_000;

export const checkerBench: Bench = {
  description: "the checker of recorded histories: time, memory and disk for many messages",
  meanings: {
    messages: "messages of the run",
    seconds: "from the files and the logs to the verdict",
    messages_per_s: "messages judged in a second",
    checker_cpu_seconds: "CPU of its process in that time; a shared machine says little else",
    checker_rss_mb: "peak memory of its process, which does nothing else; below 1,000 for any number of messages",
    postgres_rss_mb: "the most that PostgreSQL was seen to take meanwhile, what its processes share counted once",
    database_gb: "size of the checker's own database at its end",
    filling_seconds: "not measured: making the files and the reports",
  },
  defaults: { seconds: 1, messages: 100_000 },
  run: runChecker,
};

async function runChecker({ dataDir, messages, say, signal }: BenchOptions): Promise<BenchOutcome> {
  const run: SampleRun = { messages };
  const dir = join(dataDir, "run");
  mkdirSync(dir);
  const binDir = dirname((await findTool("postgres", { onProgress: say })).path);
  await using stack = new AsyncDisposableStack();
  const server = stack.use(
    await openPostgres({ dataDir: join(dataDir, "postgres"), binDir, durable: false, log: say }),
  );
  stack.defer(() => rmSync(server.dataDir, { recursive: true, force: true }));
  const reports = stack.use(await openSampleReports(server.adminUri, "reports"));

  const fillingAt = performance.now();
  await writeFolder(dir, run);
  await fillReports(reports.database, run);
  await reports.database.run("ANALYZE");
  const startedAt = performance.now();
  say(`made ${messages} messages in ${Math.round((startedAt - fillingAt) / 1_000)} s`);

  const plan = { dir, messages, postgres: server.adminUri, reportsUrl: reports.url };
  using memory = watchMemory(server.pid);
  const judged = await runJudge(plan, signal);
  const { seconds, verdict, reasons } = judged;
  return {
    figures: {
      messages,
      seconds,
      messages_per_s: messages / seconds,
      checker_cpu_seconds: judged.cpuSeconds,
      checker_rss_mb: judged.peakRssMb,
      postgres_rss_mb: memory.peakMb,
      database_gb: judged.databaseBytes / BYTES_PER_GB,
      filling_seconds: (startedAt - fillingAt) / 1_000,
    },
    failures: [
      ...(verdict === "valid" ? [] : [`a right run is judged ${verdict}: ${reasons}`]),
      ...(judged.peakRssMb < RSS_MB_MAX ? [] : [`the checker took ${Math.round(judged.peakRssMb)} MB of memory`]),
    ],
    otherLoad: {},
  };
}

function watchMemory(pid: number | undefined): Disposable & { readonly peakMb: number } {
  let peakMb = 0;
  const timer = setInterval(() => {
    if (pid !== undefined) peakMb = Math.max(peakMb, rssMegabytesOfTree(sampleSystem(), pid));
  }, MEMORY_EVERY_MS);
  return {
    get peakMb() {
      return peakMb;
    },
    [Symbol.dispose]: () => clearInterval(timer),
  };
}
