/** All that a soak's report shows; the HTML file, the JSON and the summary are made of it and of nothing else. */
import type { Machine } from "../../machine.ts";
import type { SoakRecord } from "../soak-record.ts";

/** One of the gated numbers, and how it was judged. */
export interface GateResult {
  readonly name: string;
  readonly unit: string;
  readonly value: number;
  readonly yesterday?: number;
  /** Of the good runs before it on the same machine. */
  readonly median?: number;
  /** What it may be at most; at least, for a rate. */
  readonly limit: number;
  readonly outcome: "ok" | "regressed" | "no_baseline";
  /** Of earlier runs, the oldest first. */
  readonly history: readonly number[];
}

export interface InvariantResult {
  readonly invariant: string;
  readonly name: string;
  readonly verdict: "valid" | "invalid" | "unknown";
  /** Counterexamples. */
  readonly counted: number;
}

/** A part of the run; times in milliseconds since the epoch. */
export interface Band {
  readonly name: string;
  readonly from: number;
  readonly to: number;
}

export interface FaultBand extends Band {
  readonly happened: boolean;
  readonly evidence: string;
}

export interface Series {
  readonly name: string;
  readonly unit: string;
  /** [at, value], in the order of time; thinned before it comes here. */
  readonly points: readonly (readonly [number, number])[];
}

export interface Slope {
  readonly what: string;
  readonly percentPerHour: number;
  /** Of the same, 99 %. */
  readonly interval: readonly [number, number];
  readonly hoursToLimit?: number;
  readonly verdict: "flat" | "lazy" | "leak";
}

export interface SoakReport {
  readonly command: string;
  readonly record: SoakRecord;
  readonly machine: Machine;
  readonly gates: readonly GateResult[];
  readonly invariants: readonly InvariantResult[];
  readonly phases: readonly Band[];
  readonly faults: readonly FaultBand[];
  readonly series: readonly Series[];
  readonly slopes: readonly Slope[];
  /** What a reader should know: no balancer, a phase that was cut short, a source that gave nothing. */
  readonly notes: readonly string[];
}
