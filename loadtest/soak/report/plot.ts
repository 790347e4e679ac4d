/** What a drawing over time shows, and where on it; shared by the lines and the bands behind them. */
import type { Band, FaultBand, Series } from "./soak-report.ts";

export interface TimeLine {
  /** Unique in its page. */
  readonly id: string;
  readonly title: string;
  /** What is shown, in milliseconds since the epoch; the axis counts from `start`. */
  readonly from: number;
  readonly to: number;
  readonly start: number;
  readonly series: readonly Series[];
  readonly phases: readonly Band[];
  readonly faults: readonly FaultBand[];
}

/** Where things are, in the units of the drawing. */
export const PLOT = { width: 1000, left: 62, right: 988 } as const;
export type PlaceInTime = (at: number) => number;

/** About the width of a letter of the drawing's text, to set names beside one another. */
export const LETTER_WIDTH = 6.6;
