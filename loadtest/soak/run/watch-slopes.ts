/** What must not grow for ever, and what is looked at besides: the series of a run as slopes. */
import { readSeries, type SeriesPoint } from "../measure/read-series.ts";
import type { TimeWindow } from "../measure/time-windows.ts";
import type { WatchedSlope } from "../verdict/judge-soak.ts";
import { leakSlope } from "../verdict/leak-slope.ts";

const MEGABYTE = 1024 * 1024;
/** A role is given 1 GB. */
const ROLE_MB_MAX = 1_024;
/** The usual soft limit of a process. */
const FILES_MAX = 1_024;
/**
 * Growth that is none, however sure its direction: a pool that opens a few connections more, buffers of the moment, a
 * heap whose code is still being compiled. Of a leak it is what 8,000 messages of 1 KB leave.
 */
const FLOOR = { heapMb: 8, rssMb: 32, files: 24 } as const;
/** What a role keeps on purpose, up to a bound, and fills in minutes: the last 100,000 submits, for their receipts. */
const KEEPS_MB: Readonly<Record<string, number>> = { connectors: 32 };
/** Neither the provider nor servers that open files and processes as they see fit. */
const JUDGED = /^(?:edge|worker|connectors|projector|reports|balancer)(?:-\d+)?$/;

interface Watched {
  readonly source: "roles" | "host";
  readonly pattern: RegExp;
  readonly words: string;
  readonly unit: string;
  readonly scale: number;
  readonly limit: number;
  readonly floor: number;
  readonly gates: boolean;
}

const WATCHED: readonly Watched[] = [
  {
    source: "roles",
    pattern: /^(.+)\.liveHeapBytes$/,
    words: "live heap",
    unit: "MB",
    scale: 1 / MEGABYTE,
    limit: ROLE_MB_MAX,
    floor: FLOOR.heapMb,
    gates: true,
  },
  {
    source: "host",
    pattern: /^fds\.(.+)$/,
    words: "file descriptors",
    unit: "files",
    scale: 1,
    limit: FILES_MAX,
    floor: FLOOR.files,
    gates: true,
  },
  // Allocators keep what they were once given: told, not judged.
  {
    source: "host",
    pattern: /^rss\.(.+)$/,
    words: "RSS",
    unit: "MB",
    scale: 1,
    limit: Number.POSITIVE_INFINITY,
    floor: FLOOR.rssMb,
    gates: false,
  },
];
/** `files`: of the samples, by source. Only what lies in `during`. Throws what the file system says. */
export async function watchSlopes(
  files: ReadonlyMap<string, string>,
  during: TimeWindow,
): Promise<readonly WatchedSlope[]> {
  const found: WatchedSlope[] = [];
  for (const { source, pattern, words, unit, scale, limit, floor, gates } of WATCHED) {
    const file = files.get(source);
    if (file === undefined) continue;
    const { series } = await readSeries(file, during);
    for (const [name, points] of series) {
      const process = pattern.exec(name)?.[1];
      if (process === undefined) continue;
      const isJudged = gates && JUDGED.test(process);
      const room = source === "roles" ? (KEEPS_MB[roleOf(process)] ?? floor) : floor;
      const slope = leakSlope(
        points.map((point) => toSample(point, scale)),
        // The limits are those of our processes.
        isJudged ? { limit, floor: room } : { floor: room },
      );
      found.push({ what: `${process} ${words}`, unit, slope, gates: isJudged });
    }
  }
  return found;
}

/** Of the second worker: worker. */
function roleOf(process: string): string {
  return process.replace(/-\d+$/, "");
}

function toSample({ from, to, mean }: SeriesPoint, scale: number) {
  return { atMs: (from + to) / 2, value: mean * scale };
}

/** The largest live heap of a role in these windows, in megabytes; not a number where none was told. */
export async function peakHeapMb(files: ReadonlyMap<string, string>, windows: readonly TimeWindow[]): Promise<number> {
  const file = files.get("roles");
  if (file === undefined) return Number.NaN;
  let peak = Number.NaN;
  for (const window of windows) {
    for (const [name, points] of (await readSeries(file, window)).series) {
      if (!name.endsWith(".liveHeapBytes")) continue;
      for (const { max } of points) peak = Number.isNaN(peak) ? max : Math.max(peak, max);
    }
  }
  return peak / MEGABYTE;
}
