/**
 * Which fault comes when: an endless sequence of rounds, the same for the same seed and faults. Every fault comes once
 * before any comes again, in an order of its own each time. Pure.
 */
import { between, seededStream } from "../seeded-random.ts";

export interface Round {
  /** From 1. */
  readonly round: number;
  readonly fault: string;
  /** Before the fault, with everything whole. */
  readonly quietMs: number;
  /** Of the fault's own choices. */
  readonly seed: number;
}

const QUIET_MS = { from: 2_000, to: 5_000 };

/** Throws when there are no faults. */
export function* scheduleRounds(seed: number, faults: readonly string[]): Generator<Round, undefined> {
  if (faults.length === 0) throw new Error("Cannot schedule rounds as there are no faults");
  const random = seededStream(seed, "schedule");
  for (let round = 1; ; ) {
    const bag = [...faults];
    while (bag.length > 0) {
      const [fault = ""] = bag.splice(between(random, 0, bag.length - 1), 1);
      const quietMs = between(random, QUIET_MS.from, QUIET_MS.to);
      yield { round, fault, quietMs, seed: between(random, 0, 2 ** 32 - 1) };
      round++;
    }
  }
}
