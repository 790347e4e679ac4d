/** Whether the generator had enough of the machine: how late it began its requests, by its own record. */
import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { dueMs } from "../../scenarios/due-time.ts";
import { parseRawLine } from "../../scenarios/raw-record.ts";
import { type LoadPlan, streamsOf } from "../load-plan.ts";

/** Beyond it the load was not what was planned: what was measured is k6's queue. */
const LATE_P99_MS_MAX = 500;
/** Counted by the millisecond up to here. */
const LATE_MS_MAX = 60_000;

export interface GeneratorJudgement {
  readonly bound: boolean;
  readonly because: string;
}

/** Over the steady phases. `startedAt`: of the load, milliseconds since the epoch. Throws what the file system says. */
export async function judgeGenerator(plan: LoadPlan, rawFile: string, startedAt: number): Promise<GeneratorJudgement> {
  const streams = streamsOf(plan);
  const counts = new Uint32Array(LATE_MS_MAX + 1);
  let total = 0;
  for await (const text of createInterface({ input: createReadStream(rawFile) })) {
    const line = parseRawLine(text);
    const stream = line === undefined ? undefined : streams[line.stream];
    if (line === undefined || stream?.phase.kind !== "steady" || (line.type !== "s" && line.type !== "q")) continue;
    const due = startedAt + stream.phase.startMs + dueMs(stream.rate, line.n);
    const late = Math.min(LATE_MS_MAX, Math.max(0, Math.round(line.at - due)));
    counts[late] = (counts[late] ?? 0) + 1;
    total += 1;
  }
  const p99 = percentileOf(counts, total, 99);
  const because =
    total === 0
      ? "k6 sent nothing in the steady phases"
      : `k6 began 99 of 100 requests within ${p99} ms of when they were due (${LATE_P99_MS_MAX} ms are allowed)`;
  return { bound: total === 0 || p99 > LATE_P99_MS_MAX, because };
}

function percentileOf(counts: Uint32Array, total: number, percent: number): number {
  let seen = 0;
  for (const [value, count] of counts.entries()) {
    seen += count;
    if (seen >= (total * percent) / 100) return value;
  }
  return counts.length - 1;
}
