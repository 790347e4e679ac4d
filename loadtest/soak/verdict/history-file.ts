/** The history of soak runs: one line of JSON a run, oldest first, appended to and never rewritten. */
import { mkdir, open, readFile, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { z } from "zod";
import { type SoakRecord, soakVerdicts } from "../soak-record.ts";

/** The last runs that are read: nights of almost three years. */
export const HISTORY_RUNS_MAX = 1_000;
/** A line has about 1 KB: a file of this size is something else, and is not taken into memory. */
export const HISTORY_BYTES_MAX = 16 * 1024 * 1024;

const amount = z.number().nonnegative();
const calibrationSchema = z.strictObject({ cpuLoopMs: amount, fsyncMs: amount, loopbackMs: amount });

const recordSchema: z.ZodType<SoakRecord> = z.strictObject({
  startedAt: z.int().nonnegative(),
  durationMs: z.number().positive(),
  commit: z.string().min(1),
  fingerprint: z.string().min(1),
  offeredPerSecond: z.number().positive(),
  numbers: z.strictObject({
    ratePerSecond: amount,
    endToEndP50Ms: amount,
    endToEndP95Ms: amount,
    endToEndP99Ms: amount,
    handlingMs: amount,
    cpuSecondsPerThousand: amount,
    failures: amount,
    peakHeapMb: amount,
    projectionLagP95Ms: amount,
  }),
  before: calibrationSchema,
  after: calibrationSchema,
  verdict: z.strictObject({ name: z.enum(soakVerdicts), because: z.string().min(1) }),
});

/** The file holds what is not a run, or a run cannot be kept in it: a person has to look. */
export class HistoryFileError extends Error {
  override readonly name = "HistoryFileError";
  readonly code = "soak_history_broken";
  readonly retryable = false;
}

/**
 * The last HISTORY_RUNS_MAX runs, oldest first; none where there is no file. Throws HistoryFileError, with the number
 * of the line, where one of these is not a whole record; lines before them are not looked at.
 */
export async function readHistory(file: string): Promise<readonly SoakRecord[]> {
  const bytes = await sizeOf(file);
  if (bytes === 0) return [];
  if (bytes > HISTORY_BYTES_MAX) {
    throw new HistoryFileError(`Cannot read ${file} as it has ${bytes} bytes, and may have ${HISTORY_BYTES_MAX}`);
  }
  const lines = (await readFile(file, "utf8")).split("\n");
  // The last line is ended too, so nothing comes after; what does is a record whose writer was killed.
  if (lines.at(-1) === "") lines.pop();
  else throw new HistoryFileError(`Line ${lines.length} of ${file} is not ended: its writer was stopped in it`);
  const from = Math.max(0, lines.length - HISTORY_RUNS_MAX);
  return lines.slice(from).map((line, i) => parseLine(line, `Line ${from + i + 1} of ${file}`));
}

/**
 * Adds a run, and returns when it is on the disk. Throws HistoryFileError, and writes nothing, where the record is not
 * whole (a number that is none) or the file is not as it should be: a line behind a broken one would be lost with it.
 */
export async function appendHistory(file: string, record: SoakRecord): Promise<void> {
  const line = JSON.stringify(parseRecord(record, "The record of this run"));
  await readHistory(file);
  await mkdir(dirname(file), { recursive: true });
  await using handle = await open(file, "a");
  await handle.appendFile(`${line}\n`);
  await handle.sync();
}

function parseLine(line: string, where: string): SoakRecord {
  let json: unknown;
  try {
    json = JSON.parse(line);
  } catch (cause) {
    throw new HistoryFileError(`${where} is not JSON`, { cause });
  }
  return parseRecord(json, where);
}

function parseRecord(value: unknown, where: string): SoakRecord {
  const parsed = recordSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const wrong = parsed.error.issues.map(({ path, message }) => `${path.join(".") || "all of it"}: ${message}`);
  throw new HistoryFileError(`${where} is not a record of a soak run: ${wrong.join("; ")}`, { cause: parsed.error });
}

async function sizeOf(file: string): Promise<number> {
  try {
    return (await stat(file)).size;
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return 0;
    throw cause;
  }
}
