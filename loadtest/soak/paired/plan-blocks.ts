/**
 * Two platforms that are both up, one of them loaded at a time: A B B A A B B A …, so that a machine that gets slower
 * does so for both. Each side's blocks are the steady phases of a load of its own, with idle time between. Pure.
 */
import { inTurn, type LoadPhase, type Planned } from "../plan-phases.ts";
import { PAIRS_MAX, PAIRS_MIN } from "../verdict/paired-blocks.ts";

/** A shorter one has too few messages for its percentiles. */
const BLOCK_SECONDS_MIN = 30;
const DRAIN_SECONDS = 15;
/** One pair more than counts: compilers and pools get warm in it. */
const WARM_PAIRS = 1;
export const PAIRED_MS_MIN = 2 * (PAIRS_MIN + WARM_PAIRS) * BLOCK_SECONDS_MIN * 1_000;

export type Side = "base" | "candidate";

export interface PlannedBlocks {
  readonly phases: Readonly<Record<Side, readonly LoadPhase[]>>;
  /** Of those that count, by their times. */
  readonly order: readonly Side[];
  readonly blockMs: number;
}

/** Throws a RangeError for less than PAIRED_MS_MIN. */
export function planBlocks(options: {
  readonly durationMs: number;
  readonly messagesPerSecond: number;
}): PlannedBlocks {
  const { durationMs, messagesPerSecond } = options;
  if (!(durationMs >= PAIRED_MS_MIN)) {
    throw new RangeError(`Cannot compare two builds in ${durationMs} ms: it takes ${PAIRED_MS_MIN} ms at least`);
  }
  const seconds = Math.max(BLOCK_SECONDS_MIN, Math.floor(durationMs / 1_000 / (2 * (PAIRS_MAX + WARM_PAIRS))));
  const pairs = Math.min(PAIRS_MAX + WARM_PAIRS, Math.floor(durationMs / 1_000 / (2 * seconds)));
  const order = Array.from({ length: pairs }, (_, pair): readonly Side[] =>
    pair % 2 === 0 ? ["base", "candidate"] : ["candidate", "base"],
  ).flat();
  const phasesOf = (side: Side): readonly LoadPhase[] =>
    inTurn([
      ...order.map((loaded, i): Planned => {
        if (loaded !== side) return { name: `idle_${i + 1}`, kind: "idle", seconds, messagesPerSecond: 0 };
        const kind = i < 2 * WARM_PAIRS ? "warm_up" : "steady";
        return { name: `block_${i + 1}`, kind, seconds, messagesPerSecond };
      }),
      { name: "drain", kind: "drain", seconds: DRAIN_SECONDS, messagesPerSecond: 0 },
    ]);
  return {
    phases: { base: phasesOf("base"), candidate: phasesOf("candidate") },
    order: order.slice(2 * WARM_PAIRS),
    blockMs: seconds * 1_000,
  };
}
