/**
 * Measures a rate: concurrent loops run a body again and again; after a warm-up, what they complete is counted for a
 * time, or until there is nothing left to do. The CPU of the set's members and of this process is read at both ends.
 */
import { readFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { parseProcessStat } from "../process-cpu.ts";
import { type Loops, startLoops } from "./loops.ts";
import type { QueueRig } from "./rig.ts";

/** Connections, the driver's first operations and the JIT; not counted. */
const WARM_UP_MS = 500;
const MICROSECONDS = 1_000_000;

export interface Rate {
  readonly perSecond: number;
  /** Completed in the measured time. */
  readonly messages: number;
  readonly seconds: number;
  /** CPU of all members and of this process, microseconds a message. */
  readonly mongodUs: number;
  readonly clientUs: number;
  /** How far `alsoCount` went in the same time, by the second. */
  readonly alsoPerSecond: number;
}

export interface RateOptions {
  readonly loops: number;
  /** Does one round and returns how many messages it completed; undefined when there is nothing left to do. */
  readonly body: (loop: number) => Promise<number | undefined>;
  /** 0 where all there is is measured, such as a backlog that is drained. */
  readonly warmUpMs?: number;
  readonly seconds?: number;
  /** Something else that counts up meanwhile. */
  readonly alsoCount?: () => number;
}

export async function measureRate(rig: QueueRig, options: RateOptions): Promise<Rate> {
  const { loops, body, warmUpMs = WARM_UP_MS, seconds = rig.seconds, alsoCount = () => 0 } = options;
  let done = 0;
  const round = async (loop: number): Promise<boolean> => {
    const completed = await body(loop);
    done += completed ?? 0;
    return completed !== undefined;
  };
  const running = startLoops(loops, round, rig.signal);
  await waitFor(warmUpMs, running);
  const [before, doneBefore, alsoBefore] = [readCpu(rig.memberPids), done, alsoCount()];
  await waitFor(seconds * 1_000, running);
  const [after, doneAfter, alsoAfter] = [readCpu(rig.memberPids), done, alsoCount()];
  await running.stop();
  rig.signal.throwIfAborted();
  const rate = rateBetween(before, after, doneAfter - doneBefore);
  return { ...rate, alsoPerSecond: (alsoAfter - alsoBefore) / rate.seconds };
}

/** Until the time is over, or the loops are. */
async function waitFor(ms: number, loops: Loops): Promise<void> {
  const over = new AbortController();
  const time = pause(ms, undefined, { signal: over.signal }).catch(() => undefined);
  if (!loops.ended && ms > 0) await Promise.race([time, loops.whenEnded]);
  over.abort();
}

export interface CpuReading {
  readonly atMs: number;
  readonly mongodSeconds: number;
  readonly clientSeconds: number;
}

export function readCpu(memberPids: readonly number[]): CpuReading {
  const used = process.cpuUsage();
  return {
    atMs: performance.now(),
    mongodSeconds: memberPids.reduce((sum, pid) => sum + cpuSecondsOf(pid), 0),
    clientSeconds: (used.user + used.system) / MICROSECONDS,
  };
}

function cpuSecondsOf(pid: number): number {
  return parseProcessStat(readFileSync(`/proc/${pid}/stat`, "utf8"))?.cpuSeconds ?? 0;
}

export function rateBetween(before: CpuReading, after: CpuReading, messages: number): Rate {
  const seconds = (after.atMs - before.atMs) / 1_000;
  const perMessage = (beforeSeconds: number, afterSeconds: number): number =>
    ((afterSeconds - beforeSeconds) * MICROSECONDS) / Math.max(1, messages);
  return {
    perSecond: messages / seconds,
    messages,
    seconds,
    mongodUs: perMessage(before.mongodSeconds, after.mongodSeconds),
    clientUs: perMessage(before.clientSeconds, after.clientSeconds),
    alsoPerSecond: 0,
  };
}
