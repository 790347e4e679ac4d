/**
 * The file of a source read back as series for the verdict and the report, thinned while it is read: however long the
 * run was, a series holds at most POINTS_MAX points.
 */
import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import type { SampleNote } from "./sampler.ts";

/** One each 20 seconds of four hours: more than a chart has pixels for. */
const POINTS_MAX = 720;
/** Figures of one source; the rest is left out, and counted. */
const SERIES_MAX = 2_000;

/** Neighbouring samples as one: `last` is for sums (their difference is what happened), the others for levels. */
export interface SeriesPoint {
  /** Of the first and of the last sample in it, milliseconds since the epoch. */
  readonly from: number;
  readonly to: number;
  readonly samples: number;
  readonly min: number;
  readonly mean: number;
  readonly max: number;
  readonly last: number;
}

export interface ReadSeries {
  /** By the name of the figure; ascending in time, at most `pointsMax` each. */
  readonly series: ReadonlyMap<string, readonly SeriesPoint[]>;
  readonly notes: readonly SampleNote[];
  /** Lines that are no sample: a full disk, or a kill in the middle of a write. */
  readonly tornLines: number;
  /** Figures beyond SERIES_MAX. */
  readonly leftOut: number;
}

export interface ReadSeriesOptions {
  /** Only samples with `from <= at < to`. Default: all. */
  readonly from?: number;
  readonly to?: number;
  /** Even; default POINTS_MAX. */
  readonly pointsMax?: number;
}

/** Throws what the file system says. */
export async function readSeries(file: string, options: ReadSeriesOptions = {}): Promise<ReadSeries> {
  const { from = Number.NEGATIVE_INFINITY, to = Number.POSITIVE_INFINITY, pointsMax = POINTS_MAX } = options;
  const thinning = new Map<string, Thinning>();
  const notes: SampleNote[] = [];
  const leftOut = new Set<string>();
  let tornLines = 0;
  for await (const line of createInterface({ input: createReadStream(file) })) {
    const entry = parseLine(line);
    if (entry === undefined) tornLines += 1;
    else if ("note" in entry) notes.push(entry);
    else if (entry.at >= from && entry.at < to) {
      for (const [name, value] of Object.entries(entry.values)) {
        if (!thinning.has(name) && thinning.size < SERIES_MAX) thinning.set(name, createThinning(pointsMax));
        const held = thinning.get(name);
        if (held === undefined) leftOut.add(name);
        else held.add(entry.at, value);
      }
    }
  }
  const series = new Map([...thinning].map(([name, held]) => [name, held.points()]));
  return { series, notes, tornLines, leftOut: leftOut.size };
}

type Entry = SampleNote | { readonly at: number; readonly values: Readonly<Record<string, number>> };

function parseLine(line: string): Entry | undefined {
  try {
    const entry = JSON.parse(line) as Partial<SampleNote> & { readonly values?: Readonly<Record<string, number>> };
    const isEntry = typeof entry.at === "number" && (typeof entry.note === "string" || entry.values !== undefined);
    return isEntry ? (entry as Entry) : undefined;
  } catch {
    return undefined;
  }
}

interface Thinning {
  add(at: number, value: number): void;
  points(): readonly SeriesPoint[];
}

/** Points of equally many samples: when there are too many of them, each two neighbours become one. */
function createThinning(pointsMax: number): Thinning {
  let points: SeriesPoint[] = [];
  let samplesAPoint = 1;

  function add(one: SeriesPoint): void {
    const newest = points.at(-1);
    if (newest !== undefined && newest.samples < samplesAPoint) points[points.length - 1] = merged(newest, one);
    else if (points.length < pointsMax) points.push(one);
    else {
      points = halved(points);
      samplesAPoint *= 2;
      add(one);
    }
  }

  return {
    add: (at, value) => add({ from: at, to: at, samples: 1, min: value, mean: value, max: value, last: value }),
    points: () => points,
  };
}

function halved(points: readonly SeriesPoint[]): SeriesPoint[] {
  return points.flatMap((point, i) => {
    const next = points[i + 1];
    if (i % 2 === 1) return [];
    return next === undefined ? point : merged(point, next);
  });
}

function merged(a: SeriesPoint, b: SeriesPoint): SeriesPoint {
  const samples = a.samples + b.samples;
  return {
    from: a.from,
    to: b.to,
    samples,
    min: Math.min(a.min, b.min),
    mean: (a.mean * a.samples + b.mean * b.samples) / samples,
    max: Math.max(a.max, b.max),
    last: b.last,
  };
}
