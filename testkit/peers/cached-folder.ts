/**
 * A folder in our cache that is made once: absent → complete, never half. Runs that race are all fine: each fills one
 * of its own, the first to finish is kept.
 */
import { randomUUID } from "node:crypto";
import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";

/** Returns the folder; `fill` is called with an empty one when it is not there. Throws what `fill` throws. */
export async function cachedFolder(
  cacheDir: string,
  name: string,
  fill: (folder: string) => Promise<void>,
): Promise<string> {
  const home = join(cacheDir, name);
  if (existsSync(home)) return home;
  const own = join(cacheDir, `.filling-${randomUUID()}`);
  mkdirSync(own, { recursive: true });
  try {
    await fill(own);
    renameSync(own, home);
  } catch (error) {
    // A folder cannot be renamed onto one that has content: another run was first, with the same.
    if (!existsSync(home)) throw error;
  } finally {
    rmSync(own, { recursive: true, force: true });
  }
  return home;
}
