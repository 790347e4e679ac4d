/**
 * The folder of one run: what each vantage point saw, as lines of JSON, appended as it happens. `at` is the runner's
 * clock in milliseconds since the epoch with fractions, and never goes back.
 */
import { createWriteStream, mkdirSync, type WriteStream, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Clock } from "#domain/clock.ts";

const FILES = ["client", "provider", "nemesis"] as const;
type VantagePoint = (typeof FILES)[number];

/** What was seen cannot be written down any more; the disk, most often. What was written stays. */
export class RecordError extends Error {
  override readonly name = "RecordError";
  readonly code = "record_not_written";
  readonly retryable = false;

  constructor(file: string, cause: Error) {
    super(`Cannot write ${file} any more (${cause.message}): make room, or name a folder on another disk`, { cause });
  }
}

export interface RunFolder extends AsyncDisposable {
  readonly dir: string;
  /** Aborted with a RecordError: a run that goes on has nothing to be judged by. */
  readonly failed: AbortSignal;
  now(): number;
  /** Puts `at` first, unless the line brings its own. */
  write(file: VantagePoint, line: object): void;
  writeMeta(meta: object): void;
  /** Returns once all that was written is in the files. */
  flush(): Promise<void>;
}

export function openRunFolder(dir: string, clock: Clock): RunFolder {
  mkdirSync(dir, { recursive: true });
  const origin = clock.now() - clock.monotonic();
  const streams = new Map<VantagePoint, WriteStream>();
  const failing = new AbortController();
  for (const file of FILES) {
    const path = join(dir, `${file}.jsonl`);
    const stream = createWriteStream(path, { flags: "a" });
    // Without a listener the process ends on it, and leaves a whole platform running.
    stream.on("error", (error) => failing.abort(new RecordError(path, error)));
    streams.set(file, stream);
  }
  const now = (): number => Math.round((origin + clock.monotonic()) * 1_000) / 1_000;
  return {
    dir,
    failed: failing.signal,
    now,
    write: (file, line) => void streams.get(file)?.write(`${JSON.stringify({ at: now(), ...line })}\n`),
    writeMeta: (meta) => writeFileSync(join(dir, "meta.json"), `${JSON.stringify(meta, undefined, 2)}\n`),
    flush: async () => {
      await Promise.all([...streams.values()].map((stream) => new Promise((done) => stream.write("", done))));
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([...streams.values()].map((stream) => new Promise<void>((done) => stream.end(() => done()))));
    },
  };
}
