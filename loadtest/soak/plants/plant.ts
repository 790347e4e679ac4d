/** A defect to be planted into a checkout, so that the soak has something to find. Never in the product's own code. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Platform } from "#testkit/platform.ts";
import type { SoakVerdictName } from "../soak-record.ts";

/** `find` occurs exactly once in the file. */
export interface Edit {
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

export interface Plant {
  readonly name: string;
  readonly words: string;
  /** In the source of the roles. */
  readonly edits: readonly Edit[];
  /** What an operator with too many rights would do to a platform that is up. */
  readonly sabotage?: (platform: Platform) => Promise<void>;
  /** The verdict, and words of the sentence that says what was found. */
  readonly expects: { readonly verdict: SoakVerdictName; readonly because: RegExp };
}

/** The source of today is not that of the plant: it has to be planted anew. */
export class PlantError extends Error {
  override readonly name = "PlantError";
  readonly code = "plant_misses";
  readonly retryable = false;
}

/** Throws PlantError where an edit does not apply; nothing is written then. */
export function plantInto(dir: string, { name, edits }: Pick<Plant, "name" | "edits">): void {
  const changed = new Map<string, string>();
  for (const edit of edits) {
    const path = join(dir, edit.file);
    changed.set(path, applyEdit(changed.get(path) ?? readFileSync(path, "utf8"), edit, name));
  }
  for (const [path, text] of changed) writeFileSync(path, text);
}

/** Pure. */
export function applyEdit(text: string, { file, find, replace }: Edit, plant: string): string {
  const count = text.split(find).length - 1;
  if (count !== 1) throw new PlantError(`Cannot plant '${plant}': ${file} has its place ${count} times, not once`);
  return text.replace(find, () => replace);
}
