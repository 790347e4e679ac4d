/**
 * Where samples come from, and the bounds of what is kept of them. A run of any length writes no more than
 * `samplesBytesMax()`: the interval between samples grows with the planned duration.
 */

/**
 * Figures by name. Names are dotted paths, the part of the platform first: `syd1.0.connections`. Sums begin anew with
 * the process that tells them, but for those of source `host`.
 */
export type SampleValues = Readonly<Record<string, number>>;

export interface SampleSource {
  /** Names its file. */
  readonly name: string;
  /** Of one line of its file; a longer one is not written, and noted. */
  readonly bytesMax: number;
  /** It is asked at each sample, or only at each n-th. */
  readonly every: number;
  /** What holds now. Throws where nothing can be said; a part that is away is left out instead, with `up` 0. */
  sample(): Promise<SampleValues>;
}

/** Of a source in a run: at five seconds, a little over four hours. */
export const SAMPLES_MAX = 3_000;
/** A drain and a slow start are not in the plan of a run. */
const OVERRUN = 1.25;
const INTERVAL_MS_MIN = 5_000;

/** Changes of state of one source that are written down in a run. */
export const NOTES_MAX = 200;
export const NOTE_BYTES_MAX = 400;

/** Between two samples of a run that is planned to last `durationMs`. */
export function sampleIntervalMs(durationMs: number): number {
  return Math.max(INTERVAL_MS_MIN, Math.ceil((durationMs * OVERRUN) / SAMPLES_MAX));
}

/** What all files of these sources can grow to in one run, at most. */
export function samplesBytesMax(sources: readonly Pick<SampleSource, "bytesMax" | "every">[]): number {
  return sources.reduce((sum, source) => sum + fileBytesMax(source), 0);
}

/** What the file of one source can grow to. */
export function fileBytesMax({ bytesMax, every }: Pick<SampleSource, "bytesMax" | "every">): number {
  return Math.ceil(SAMPLES_MAX / every) * bytesMax + NOTES_MAX * NOTE_BYTES_MAX;
}
