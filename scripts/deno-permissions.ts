// The permissions of the edge on Deno stand once, by name, in the tasks of deno.json; the tests and the build read
// them there.

import { readFileSync } from "node:fs";
import { join } from "node:path";

/** The `--allow-…` flags of a task of deno.json. Throws when the task is missing, names none, or all. */
export function readDenoPermissions(root: string, task: string): readonly string[] {
  const manifest = JSON.parse(readFileSync(join(root, "deno.json"), "utf8")) as { tasks?: Record<string, string> };
  const command = manifest.tasks?.[task] ?? "";
  const flags = command.split(/\s+/).filter((word) => word.startsWith("--allow-"));
  if (flags.length === 0) throw new Error(`Cannot read permissions as deno.json has no task '${task}' that names any`);
  if (/\s-A\b/.test(command) || flags.includes("--allow-all"))
    throw new Error(`Cannot use task '${task}' of deno.json as it allows everything`);
  return flags;
}
