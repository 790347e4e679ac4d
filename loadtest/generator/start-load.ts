/** Starts the generator process for one load and reads back its report. */
import { join } from "node:path";
import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import type { ReadableStream } from "node:stream/web";
import type { AcceptedMessage, LoadPlan, LoadReport, LoadSummary } from "./run-load.ts";

/** Start, connections, and writing the report: all that is not the load itself. */
const OVERHEAD_MS = 60_000;

export interface RunningLoad {
  readonly pid: number;
  readonly report: Promise<LoadReport>;
  /** Ends it at once; `report` rejects. */
  kill(): void;
}

/** The process ends by itself; past every bound of its plan it is killed, and `report` rejects. */
export function startLoad(plan: LoadPlan): RunningLoad {
  const child = Bun.spawn([process.execPath, join(import.meta.dir, "main.ts")], {
    stdin: Buffer.from(JSON.stringify(plan)),
    stdout: "pipe",
    stderr: "inherit",
    timeout: plan.seconds * 1_000 + plan.graceMs + OVERHEAD_MS,
    killSignal: "SIGKILL",
  });
  return { pid: child.pid, report: readReport(child.stdout, child.exited), kill: () => child.kill("SIGKILL") };
}

async function readReport(stdout: unknown, exited: Promise<number>): Promise<LoadReport> {
  const accepted: AcceptedMessage[] = [];
  let summary: LoadSummary | undefined;
  for await (const line of createInterface({ input: Readable.fromWeb(stdout as ReadableStream) })) {
    const parsed = JSON.parse(line) as AcceptedMessage | { readonly summary: LoadSummary };
    if ("summary" in parsed) summary = parsed.summary;
    else accepted.push(parsed);
  }
  const code = await exited;
  if (summary === undefined || code !== 0) throw new Error(`The generator ended with exit code ${code}`);
  return { summary, accepted };
}
