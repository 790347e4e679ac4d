/**
 * What is kept of a soak run: the small record that history is made of. Times are milliseconds since the epoch unless
 * their name says otherwise.
 */

/** The numbers that decide, taken over the steady part of a run: see `docs/performance/README.md`. */
export interface GatedNumbers {
  /** Messages that came to a final state, each second, at the load that was offered. */
  readonly ratePerSecond: number;
  /** From the time a message was to be sent by the plan, to its final state, by the events. */
  readonly endToEndP50Ms: number;
  readonly endToEndP95Ms: number;
  readonly endToEndP99Ms: number;
  /** Mean time of the worker's handlers, and what they ask, for one step of the route stage. */
  readonly handlingMs: number;
  /** Of all roles, mongods and PostgreSQL, without generator, simulator and harness. */
  readonly cpuSecondsPerThousand: number;
  /** Requests that were refused or failed, and iterations that k6 could not begin in time. */
  readonly failures: number;
  /** The largest live heap of a role, after a forced collection. */
  readonly peakHeapMb: number;
  /** From a final event to its row in PostgreSQL. */
  readonly projectionLagP95Ms: number;
}

/** How fast the machine itself was, before and after: a run on a machine that changed says nothing. */
export interface Calibration {
  /** Of a fixed piece of work on one core. */
  readonly cpuLoopMs: number;
  /** Median of a write and its flush to the disk of the data. */
  readonly fsyncMs: number;
  /** Median of a round trip over loopback. */
  readonly loopbackMs: number;
}

export const soakVerdicts = ["ok", "regressed", "invalid", "noisy"] as const;
export type SoakVerdictName = (typeof soakVerdicts)[number];

export interface SoakVerdict {
  readonly name: SoakVerdictName;
  /** One sentence for people: what decided it. */
  readonly because: string;
}

/** One line of the history. */
export interface SoakRecord {
  readonly startedAt: number;
  readonly durationMs: number;
  readonly commit: string;
  /** Equal on machines whose numbers may be compared: processor, cores, memory, kernel, runtimes, servers. */
  readonly fingerprint: string;
  readonly offeredPerSecond: number;
  readonly numbers: GatedNumbers;
  readonly before: Calibration;
  readonly after: Calibration;
  readonly verdict: SoakVerdict;
}
