/** The load of each machine, found once and kept: a knee that is found anew each night would change the experiment. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { z } from "zod";

/** Of the knee: there is room for the noise of a night, and a slower build has a queue and not a collapse. */
export const LOAD_SHARE = 0.6;
const MACHINES_MAX = 100;

const loadSchema = z.strictObject({
  messagesPerSecond: z.int().positive(),
  kneePerSecond: z.int().positive(),
  /** The ramp ended before the knee. */
  isHigher: z.boolean(),
  foundAt: z.iso.datetime(),
  commit: z.string(),
});
const fileSchema = z.record(z.string(), loadSchema);
export type PinnedLoad = z.output<typeof loadSchema>;

/** The file holds what is no loads: a person has to look. */
export class PinnedLoadsError extends Error {
  override readonly name = "PinnedLoadsError";
  readonly code = "soak_loads_broken";
  readonly retryable = false;
}

/** Undefined for a machine that has none yet. Throws PinnedLoadsError. */
export function readPinnedLoad(file: string, fingerprint: string): PinnedLoad | undefined {
  return readAll(file)[fingerprint];
}

/** Replaces the machine's. Throws PinnedLoadsError, also where there are MACHINES_MAX of them. */
export function pinLoad(file: string, fingerprint: string, load: PinnedLoad): void {
  const all = { ...readAll(file), [fingerprint]: load };
  if (Object.keys(all).length > MACHINES_MAX) {
    throw new PinnedLoadsError(`Cannot keep more than ${MACHINES_MAX} machines in ${file}: remove those that are gone`);
  }
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify(all, undefined, 2)}\n`);
}

function readAll(file: string): Readonly<Record<string, PinnedLoad>> {
  if (!existsSync(file)) return {};
  try {
    return fileSchema.parse(JSON.parse(readFileSync(file, "utf8")));
  } catch (cause) {
    throw new PinnedLoadsError(`${file} does not hold the loads of machines: mend or remove it`, { cause });
  }
}
