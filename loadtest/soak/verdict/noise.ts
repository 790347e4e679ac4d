/** Whether the machine was the same at the end of a run as at its beginning. Pure. */
import type { Calibration } from "../soak-record.ts";

/** A gated rate or CPU may move by as much: what the machine itself moves by, no build may be blamed for. */
const DRIFT_SHARE_MAX = 0.05;

/** Below, a difference is that of the instrument, in milliseconds. */
const INSTRUMENT_MS: Readonly<Record<keyof Calibration, number>> = {
  // Hundreds of milliseconds of pure work: nothing is in it but the processor.
  cpuLoopMs: 0,
  // A write of one block shares the disk's queue with the journal of whoever else writes.
  fsyncMs: 0.5,
  // Two wake-ups by the scheduler.
  loopbackMs: 0.05,
};

const WORDS: Readonly<Record<keyof Calibration, string>> = {
  cpuLoopMs: "the processor",
  fsyncMs: "the disk",
  loopbackMs: "the loopback",
};

export interface Drift {
  readonly of: keyof Calibration;
  readonly words: string;
  readonly before: number;
  readonly after: number;
  /** After, of before, less 1: above zero is slower. */
  readonly share: number;
  readonly noisy: boolean;
}

/** What each part of the calibration moved by. Faster at the end is noise too: something slowed the beginning. */
export function driftsOf(before: Calibration, after: Calibration): readonly Drift[] {
  return (Object.keys(WORDS) as (keyof Calibration)[]).map((of) => {
    const [first, last] = [before[of], after[of]];
    const moved = Math.abs(last - first);
    const allowed = Math.max(DRIFT_SHARE_MAX * Math.min(first, last), INSTRUMENT_MS[of]);
    // Not `moved > allowed`: a calibration that failed is no quiet machine.
    return { of, words: WORDS[of], before: first, after: last, share: last / first - 1, noisy: !(moved <= allowed) };
  });
}

/** One sentence on the part that moved most; undefined where all stood still. */
export function whyNoisy(drifts: readonly Drift[]): string | undefined {
  const worst = drifts
    .filter(({ noisy }) => noisy)
    .toSorted((a, b) => Math.abs(b.share) - Math.abs(a.share))
    .at(0);
  if (worst === undefined) return undefined;
  const percent = Math.abs(worst.share * 100).toFixed(1);
  return (
    `${worst.words} was ${percent} % ${worst.share > 0 ? "slower" : "faster"} after the run than before ` +
    `(${worst.before.toPrecision(3)} ms, then ${worst.after.toPrecision(3)} ms): it says nothing about the build`
  );
}
