/**
 * Plays cases one after the other until so many PDUs were read, and watches the heap meanwhile. An error that nobody
 * catches is seen by the test runner, which fails the test.
 */
import { heapStats } from "bun:jsc";
import { systemClock } from "#domain/clock.ts";
import { planCase } from "./fuzz-case.ts";
import type { FuzzTarget } from "./fuzz-targets.ts";
import { FuzzError, replayText } from "./play-case.ts";

/** A whole case of the largest kind takes far less. */
const CASE_MS = 30_000;
const RELEASE_MS = 5_000;

export interface FuzzReport {
  readonly pdus: number;
  readonly cases: number;
  /** Sessions that outlived their stream. */
  readonly stood: number;
  /** Why sessions closed, with how many; `unseen` where there was none to ask. */
  readonly reasons: Readonly<Record<string, number>>;
  /** Live octets after a forced collection, from time to time. */
  readonly heap: readonly number[];
}

/**
 * Seeds go up from `firstSeed`. Throws FuzzError at the first case that ends wrong, with all that it takes to play it
 * again.
 */
export async function runFuzz(
  target: FuzzTarget,
  options: { readonly firstSeed: number; readonly pdus: number; readonly samples: number },
): Promise<FuzzReport> {
  const reasons: Record<string, number> = {};
  const heap: number[] = [];
  const every = options.pdus / options.samples;
  let pdus = 0;
  let stood = 0;
  let seed = options.firstSeed;
  for (; pdus < options.pdus; seed++) {
    const fuzzCase = planCase(seed);
    try {
      const end = await withinBound(target.play(fuzzCase));
      await untilReleased(target);
      if (end.stood) stood++;
      const reason = end.reason ?? "unseen";
      reasons[reason] = (reasons[reason] ?? 0) + 1;
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new FuzzError(`Fuzz case fails: ${why}\n${replayText(fuzzCase)}`, { cause });
    }
    pdus += Math.max(1, fuzzCase.read.frames.length);
    if (pdus >= every * (heap.length + 1)) heap.push(liveOctets());
  }
  return { pdus, cases: seed - options.firstSeed, stood, reasons, heap };
}

async function withinBound<T>(played: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = systemClock.after(CASE_MS, () => late.reject(new FuzzError(`stuck: no end within ${CASE_MS} ms`)));
  try {
    return await Promise.race([played, late.promise]);
  } finally {
    timer.cancel();
  }
}

async function untilReleased(target: FuzzTarget): Promise<void> {
  const deadline = systemClock.monotonic() + RELEASE_MS;
  while (target.held > 0) {
    if (systemClock.monotonic() > deadline) throw new FuzzError(`${target.held} timers or sockets are left`);
    await new Promise(setImmediate);
  }
}

function liveOctets(): number {
  Bun.gc(true);
  return heapStats().heapSize;
}

/** How much the heap grew over the run, by the straight line through its samples but the first quarter. */
export function heapGrowth(heap: readonly number[]): number {
  const settled = heap.slice(Math.floor(heap.length / 4));
  const count = settled.length;
  if (count < 3) throw new RangeError(`Cannot see a trend in ${count} samples`);
  const middle = (count - 1) / 2;
  const mean = settled.reduce((sum, octets) => sum + octets, 0) / count;
  const slope =
    settled.reduce((sum, octets, i) => sum + (i - middle) * (octets - mean), 0) /
    settled.reduce((sum, _, i) => sum + (i - middle) ** 2, 0);
  return slope * heap.length;
}
