/** When k6's load began: what its plan calls 0. k6 says it nowhere; the first request of its record tells. */
import { closeSync, openSync, readSync } from "node:fs";
import type { Clock } from "#domain/clock.ts";
import { dueMs } from "../../scenarios/due-time.ts";
import { parseRawLine } from "../../scenarios/raw-record.ts";
import { type LoadPlan, streamsOf } from "../load-plan.ts";

const HEAD_BYTES = 4_096;
const LOOK_EVERY_MS = 100;

/**
 * Milliseconds since the epoch, late by as much as k6 was with its first request. Waits until there is one; undefined
 * once `signal` aborts.
 */
export async function findLoadStart(
  plan: LoadPlan,
  rawFile: string,
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<number | undefined> {
  for (;;) {
    const found = loadStartOf(plan, headOf(rawFile));
    if (found !== undefined || signal.aborted) return found;
    await clock.sleep(LOOK_EVERY_MS, signal);
  }
}

/** By the first whole line of k6's record. Pure. */
export function loadStartOf(plan: LoadPlan, head: string): number | undefined {
  const end = head.indexOf("\n");
  const line = end < 0 ? undefined : parseRawLine(head.slice(0, end));
  const stream = line === undefined ? undefined : streamsOf(plan)[line.stream];
  if (line === undefined || stream === undefined) return undefined;
  return line.at - stream.phase.startMs - dueMs(stream.rate, line.n);
}

function headOf(file: string): string {
  let descriptor: number;
  try {
    descriptor = openSync(file, "r");
  } catch {
    return ""; // k6 has not opened it yet
  }
  try {
    const bytes = Buffer.alloc(HEAD_BYTES);
    return bytes.toString("utf8", 0, readSync(descriptor, bytes));
  } finally {
    closeSync(descriptor);
  }
}
