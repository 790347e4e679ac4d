/** The knee of a ramp: the highest rate that held all thresholds, with all below it. Pure. */
import type { LoadPhase } from "../plan-phases.ts";
import type { K6Summary } from "./k6-summary.ts";

export interface Knee {
  /** Undefined: not even the first step held. */
  readonly messagesPerSecond: number | undefined;
  /** The ramp ended before it was found: the knee is higher. */
  readonly isHigher: boolean;
}

export function findKnee(phases: readonly LoadPhase[], summary: K6Summary): Knee {
  const steps = phases.filter(({ kind }) => kind === "step");
  const held = new Set(
    summary.phases
      // A step that an end of the run cut off has no probes, or too few to fail.
      .filter(({ isWithinThresholds, probe }) => isWithinThresholds && probe !== undefined)
      .map(({ phase }) => phase),
  );
  const firstFailed = steps.findIndex(({ name }) => !held.has(name));
  const last = steps.at(firstFailed === -1 ? -1 : firstFailed - 1);
  if (firstFailed === 0 || last === undefined) return { messagesPerSecond: undefined, isHigher: false };
  return { messagesPerSecond: last.messagesPerSecond, isHigher: firstFailed === -1 };
}
