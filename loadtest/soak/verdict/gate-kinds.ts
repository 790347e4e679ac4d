/**
 * What is gated, and what of each number is too much: which way is worse, the change that nobody has to care about, and
 * what must hold where there is nothing to compare with. Every other number of a run informs and decides nothing.
 */
import type { GatedNumbers, SoakRecord } from "../soak-record.ts";

export type GateName = keyof GatedNumbers;

/** A run as it is judged: it has no verdict yet. */
export type RunUnderJudgement = Omit<SoakRecord, "verdict">;

/** The change of a number that is not a regression, however sure it is: the larger of both floors. */
export interface Tolerance {
  readonly worse: "higher" | "lower";
  /** Of what it is compared with. */
  readonly floorShare: number;
  /** In the number's unit: a tenth of very little is nothing. */
  readonly floorAbsolute: number;
}

export interface GateKind extends Tolerance {
  /** As in "end-to-end p95 is 412 ms". */
  readonly words: string;
  readonly unit: string;
  /** The number in a form that runs of different length may be compared by. */
  readonly valueOf: (run: RunUnderJudgement) => number;
  /** The worst it may be when there is no baseline. */
  readonly absoluteLimit: (run: RunUnderJudgement) => number;
}

/** A busy run moves a rate at a fixed load and its CPU by 1-2 %; three times that is a change. */
const STEADY_SHARE = 0.05;
/** Latency has a tail, and the farther out the fewer messages speak for it: the tenth of a percent moves by itself. */
const MIDDLE_SHARE = 0.1;
const TAIL_SHARE = 0.15;
/** Timers tick in whole milliseconds on both ends of a stage, and settles go out every few tens of them. */
const MIDDLE_FLOOR_MS = 2;
const TAIL_FLOOR_MS = 5;
const FAR_TAIL_FLOOR_MS = 10;
/** The projector looks for new batches by the clock: one look more or less is no news. */
const LOOK_FLOOR_MS = 50;
/** A fifth of a second of CPU for ten thousand messages: what the kernel's 10 ms accounting can blur in a short run. */
const CPU_FLOOR_SECONDS = 0.02;
/** A few pages of buffers in flight when the collection was forced. */
const HEAP_FLOOR_MB = 8;
/** At 60 % of the knee nothing has to fail; a stall of the machine makes a handful late. 100 = one in 10,000. */
const FAILURES_PER_MILLION = 100;

/**
 * Without a baseline: generous, since they hold on every machine, and only what a customer would call broken passes
 * them. A code for a login is waited for some seconds; a report that is ten seconds old is called live.
 */
const FIRST_RUN_LIMITS = {
  p50Ms: 2_000,
  p95Ms: 5_000,
  p99Ms: 10_000,
  /** A step of a few hundred messages; while it lasts nothing else of its worker goes on. */
  handlingMs: 100,
  projectionLagP95Ms: 10_000,
  /** 5 ms of a core a message: all of 2 cores at 400 a second. */
  cpuSecondsPerThousand: 5,
  /** A role is given 1 GB; half of that live after a collection leaves no room for the other half. */
  peakHeapMb: 512,
} as const;

/** What eighteen processes take that beat, look and replicate: at a low rate a message's share of it is most of it. */
const IDLE_CORES_MAX = 1.5;

export const GATE_KINDS: Readonly<Record<GateName, GateKind>> = {
  ratePerSecond: {
    words: "rate",
    unit: "messages/s",
    worse: "lower",
    floorShare: STEADY_SHARE,
    floorAbsolute: 0,
    valueOf: ({ numbers }) => numbers.ratePerSecond,
    // What is offered at 60 % of the knee comes out at the same rate, or a backlog grows.
    absoluteLimit: ({ offeredPerSecond }) => offeredPerSecond * (1 - STEADY_SHARE),
  },
  endToEndP50Ms: {
    words: "end-to-end p50",
    unit: "ms",
    worse: "higher",
    floorShare: MIDDLE_SHARE,
    floorAbsolute: MIDDLE_FLOOR_MS,
    valueOf: ({ numbers }) => numbers.endToEndP50Ms,
    absoluteLimit: () => FIRST_RUN_LIMITS.p50Ms,
  },
  endToEndP95Ms: {
    words: "end-to-end p95",
    unit: "ms",
    worse: "higher",
    floorShare: MIDDLE_SHARE,
    floorAbsolute: TAIL_FLOOR_MS,
    valueOf: ({ numbers }) => numbers.endToEndP95Ms,
    absoluteLimit: () => FIRST_RUN_LIMITS.p95Ms,
  },
  endToEndP99Ms: {
    words: "end-to-end p99",
    unit: "ms",
    worse: "higher",
    floorShare: TAIL_SHARE,
    floorAbsolute: FAR_TAIL_FLOOR_MS,
    valueOf: ({ numbers }) => numbers.endToEndP99Ms,
    absoluteLimit: () => FIRST_RUN_LIMITS.p99Ms,
  },
  handlingMs: {
    words: "handlers of a step",
    unit: "ms",
    worse: "higher",
    floorShare: MIDDLE_SHARE,
    floorAbsolute: MIDDLE_FLOOR_MS,
    valueOf: ({ numbers }) => numbers.handlingMs,
    absoluteLimit: () => FIRST_RUN_LIMITS.handlingMs,
  },
  cpuSecondsPerThousand: {
    words: "CPU per 1,000 messages",
    unit: "s",
    worse: "higher",
    floorShare: STEADY_SHARE,
    floorAbsolute: CPU_FLOOR_SECONDS,
    valueOf: ({ numbers }) => numbers.cpuSecondsPerThousand,
    absoluteLimit: ({ offeredPerSecond }) =>
      FIRST_RUN_LIMITS.cpuSecondsPerThousand + (IDLE_CORES_MAX * 1_000) / offeredPerSecond,
  },
  failures: {
    words: "failures",
    unit: "per million messages",
    worse: "higher",
    floorShare: 0,
    floorAbsolute: FAILURES_PER_MILLION,
    // Counts grow with the run: four hours may not be measured by four minutes.
    valueOf: ({ numbers, offeredPerSecond, durationMs }) =>
      (numbers.failures / ((offeredPerSecond * durationMs) / 1_000)) * 1_000_000,
    absoluteLimit: () => FAILURES_PER_MILLION,
  },
  peakHeapMb: {
    words: "peak live heap",
    unit: "MB",
    worse: "higher",
    floorShare: MIDDLE_SHARE,
    floorAbsolute: HEAP_FLOOR_MB,
    valueOf: ({ numbers }) => numbers.peakHeapMb,
    absoluteLimit: () => FIRST_RUN_LIMITS.peakHeapMb,
  },
  projectionLagP95Ms: {
    words: "projection lag p95",
    unit: "ms",
    worse: "higher",
    floorShare: TAIL_SHARE,
    floorAbsolute: LOOK_FLOOR_MS,
    valueOf: ({ numbers }) => numbers.projectionLagP95Ms,
    absoluteLimit: () => FIRST_RUN_LIMITS.projectionLagP95Ms,
  },
};

/** Every gated number, in the order that people read them. */
export const GATE_NAMES = Object.keys(GATE_KINDS) as readonly GateName[];

/** The change from `level` that is still nothing, in the unit of `level`. */
export function floorAt({ floorShare, floorAbsolute }: Tolerance, level: number): number {
  return Math.max(Math.abs(level) * floorShare, floorAbsolute);
}

/** By how much `value` is worse than `reference`, in their unit; negative where it is better. */
export function worseBy({ worse }: Tolerance, value: number, reference: number): number {
  return worse === "higher" ? value - reference : reference - value;
}
