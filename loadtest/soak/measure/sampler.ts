/**
 * Asks every source again and again, on one clock, and writes what each says into a file of its own. States of a
 * source: well ⇄ failing, each change noted once. A source that fails, hangs or says too much never stops or delays
 * another, and a full disk stops none: what was written stays readable.
 */
import { type FileHandle, mkdir, open } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "#domain/clock.ts";
import { NOTE_BYTES_MAX, NOTES_MAX, SAMPLES_MAX, type SampleSource, sampleIntervalMs } from "./sample-source.ts";

/** A source that has not answered by then fails this time; it is asked again once it has. */
const ANSWER_MS_MAX = 10_000;
const REASON_CHARS_MAX = 200;

export interface SampleNote {
  readonly at: number;
  readonly source: string;
  readonly note: string;
}

/** Disposing it is stopping it. */
export interface Sampler extends AsyncDisposable {
  readonly intervalMs: number;
  /** The file of each source, by its name. */
  readonly files: ReadonlyMap<string, string>;
  /** Ends after the samples in hand, each of which is waited for ANSWER_MS_MAX at most. Twice is the same as once. */
  stop(): Promise<readonly SampleNote[]>;
}

export interface SamplerOptions {
  readonly sources: readonly SampleSource[];
  /** Made if it is not there; files of the same names in it are replaced. */
  readonly folder: string;
  readonly clock: Clock;
  /** As planned. */
  readonly durationMs: number;
}

/** Throws what the file system says about the folder. */
export async function startSampler({ sources, folder, clock, durationMs }: SamplerOptions): Promise<Sampler> {
  await mkdir(folder, { recursive: true });
  const intervalMs = sampleIntervalMs(durationMs);
  const files = new Map(sources.map(({ name }) => [name, join(folder, `${name}.ndjson`)]));
  const stopping = new AbortController();
  const notes: SampleNote[] = [];
  await using opening = new AsyncDisposableStack();
  const handles = new Map<string, FileHandle>();
  for (const [name, path] of files) {
    handles.set(
      name,
      opening.adopt(await open(path, "w", 0o600), (handle) => handle.close()),
    );
  }
  const running = sources.map((source) => {
    const write = async (line: string): Promise<void> => void (await handles.get(source.name)?.appendFile(line));
    return followSource({ source, write, clock, intervalMs, signal: stopping.signal, notes });
  });
  const held = opening.move();
  let stopped: Promise<readonly SampleNote[]> | undefined;
  const stop = async (): Promise<readonly SampleNote[]> => {
    stopping.abort();
    await Promise.all(running);
    await held.disposeAsync();
    return notes.toSorted((a, b) => a.at - b.at);
  };
  const stopOnce = (): Promise<readonly SampleNote[]> => {
    stopped ??= stop();
    return stopped;
  };
  return { intervalMs, files, stop: stopOnce, [Symbol.asyncDispose]: async () => void (await stopOnce()) };
}

interface Following {
  readonly source: SampleSource;
  readonly write: (line: string) => Promise<void>;
  readonly clock: Clock;
  readonly intervalMs: number;
  readonly signal: AbortSignal;
  /** Of all sources; at most NOTES_MAX are added by each. */
  readonly notes: SampleNote[];
}

/** By a grid of times, so that slow answers do not make the samples fewer. */
async function followSource(following: Following): Promise<void> {
  const { source, clock, intervalMs, signal } = following;
  const note = createNotes(following);
  const everyMs = intervalMs * source.every;
  const samplesMax = Math.ceil(SAMPLES_MAX / source.every);
  let dueAt = clock.monotonic();
  let failure: string | undefined;
  for (let written = 0; !signal.aborted; ) {
    if (written === samplesMax) return note("full: the run took longer than planned");
    const reason = await sampleOnce(following);
    if (reason === undefined) written += 1;
    if (reason !== undefined && failure === undefined) await note(`failing: ${reason}`);
    if (reason === undefined && failure !== undefined) await note("well again");
    failure = reason;
    dueAt = Math.max(dueAt + everyMs, clock.monotonic());
    await clock.sleep(dueAt - clock.monotonic(), signal);
  }
}

/** Undefined when it was written; else why not. It does not return before the source has answered or we are to stop. */
async function sampleOnce({ source, write, clock, signal }: Following): Promise<string | undefined> {
  const at = clock.now();
  const answer = source.sample().then(
    (values) => ({ type: "values", values }) as const,
    (error: unknown) => ({ type: "failed", reason: error instanceof Error ? error.message : String(error) }) as const,
  );
  const patience = new AbortController();
  const late = clock.sleep(ANSWER_MS_MAX, patience.signal).then(() => ({ type: "late" }) as const);
  const outcome = await Promise.race([answer, late]);
  patience.abort();
  switch (outcome.type) {
    case "values": {
      const line = `${JSON.stringify({ at, source: source.name, values: rounded(outcome.values) })}\n`;
      const bytes = Buffer.byteLength(line);
      if (bytes > source.bytesMax) return `a sample of ${bytes} bytes, and ${source.bytesMax} are allowed`;
      return await write(line).then(
        () => undefined,
        (error: Error) => `cannot be written: ${error.message}`,
      );
    }
    case "failed":
      return outcome.reason;
    case "late":
      await Promise.race([answer, aborted(signal)]);
      return `no answer within ${ANSWER_MS_MAX} ms`;
  }
}

function createNotes({ source, write, clock, notes }: Following): (text: string) => Promise<void> {
  let count = 0;
  return async (text) => {
    count += 1;
    if (count > NOTES_MAX) return;
    const note = { at: clock.now(), source: source.name, note: text.slice(0, REASON_CHARS_MAX) };
    notes.push(note);
    const line = `${JSON.stringify(note)}\n`;
    // The disk may be what is failing: the note is in hand besides.
    if (Buffer.byteLength(line) <= NOTE_BYTES_MAX) await write(line).catch(() => undefined);
  };
}

/** Digits beyond the thousandth are noise that costs disk. What is no number is left out. */
function rounded(values: Readonly<Record<string, number>>): Readonly<Record<string, number>> {
  const kept = Object.entries(values).filter(([, value]) => Number.isFinite(value));
  return Object.fromEntries(kept.map(([name, value]) => [name, Math.round(value * 1_000) / 1_000]));
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
