/** Removes a platform's data for good, but only a folder that is one, and only while nobody uses it. */
import { existsSync, readdirSync, rmdirSync } from "node:fs";
import { lockDataDir } from "#testkit/data-dir-lock.ts";
import { findLeftovers, removePlatformData } from "#testkit/platform-leftovers.ts";
import { isPlatformDir } from "#testkit/platform-state.ts";

/** The folder is not ours to remove, or somebody uses it. */
class ResetError extends Error {
  override readonly name = "ResetError";
  readonly retryable = false;
  readonly code: "not_a_data_folder" | "data_in_use";

  constructor(code: ResetError["code"], message: string) {
    super(message);
    this.code = code;
  }
}

/** Returns the sentence to show. Throws ResetError or DataInUseError, and has removed nothing then. */
export function reset(dataDir: string): string {
  if (!existsSync(dataDir)) return `There is nothing to remove: ${dataDir} does not exist.`;
  if (!isPlatformDir(dataDir)) {
    const what = "it does not hold the data of a platform";
    throw new ResetError("not_a_data_folder", `${dataDir} was left alone: ${what}. Name the right one with --data.`);
  }
  {
    using _ = lockDataDir(dataDir);
    const [pid] = findLeftovers(dataDir);
    if (pid !== undefined) {
      const advice = "wait until it has ended, or stop it";
      throw new ResetError("data_in_use", `Process ${pid} still works on ${dataDir}: ${advice}.`);
    }
    removePlatformData(dataDir);
  }
  if (readdirSync(dataDir).length === 0) rmdirSync(dataDir);
  return `Removed the data in ${dataDir}.`;
}
