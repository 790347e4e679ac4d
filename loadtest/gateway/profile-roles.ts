/**
 * CPU profiles of the roles that run on Bun: they are started again with Bun's own profiler, which writes one file each
 * (`*.cpuprofile`, for the Chrome developer tools or any reader of that format) when they drain.
 */
import { appendFileSync, mkdirSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import type { Platform } from "#testkit/platform.ts";

const READY_BOUND_MS = 30_000;
const PROFILED = ["edge", "worker", "connectors", "projector"] as const;

/** Restarts the roles under the profiler. An edge on Deno ignores it. */
export async function profileRoles(platform: Platform, profileDir: string): Promise<void> {
  for (const name of PROFILED) {
    const role = platform.roles.get(name);
    if (role?.alive !== true) continue;
    const dir = resolve(profileDir, name);
    mkdirSync(dir, { recursive: true });
    // The role's variables are a file that its shell reads at each start, beside its log.
    const variables = join(dirname(role.logFile), `${name}.env`);
    appendFileSync(variables, `export BUN_OPTIONS='--cpu-prof --cpu-prof-dir=${dir}'\n`);
    await role.restart();
    await role.waitForReady(READY_BOUND_MS);
  }
}
