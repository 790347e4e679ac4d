/**
 * `godwit up`: starting → up → stopping → stopped. Everything it starts is its own child, and everything is stopped
 * again, whether it came up or not. The data stays unless it was asked to be ephemeral.
 */
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "#domain/clock.ts";
import { openPlatform, type Platform } from "#testkit/platform.ts";
import { removePlatformData } from "#testkit/platform-leftovers.ts";
import type { RoleSource } from "#testkit/platform-roles.ts";
import manifest from "../package.json" with { type: "json" };
import { type FirstMessages, sendFirstMessages } from "./first-messages.ts";
import type { UpSummary } from "./last-screen.ts";
import { checkMachine } from "./preflight.ts";
import type { Screen } from "./screen.ts";
import { supervise } from "./supervise.ts";
import { REGION, SETS, type UpSettings } from "./up-options.ts";

export interface UpDeps {
  readonly screen: Screen;
  readonly roles: RoleSource;
  /** The first signal to stop. */
  readonly signal: AbortSignal;
}

/** Resolves when everything has been stopped after `signal`; rejects when it does not come up. */
export async function up(settings: UpSettings, deps: UpDeps): Promise<void> {
  const { screen, signal } = deps;
  await using stack = new AsyncDisposableStack();
  const dataDir = settings.ephemeral ? temporaryFolder(stack) : settings.dataDir;
  checkMachine(dataDir);
  screen.begun(`Godwit ${manifest.version} starts on this machine; its data is in ${dataDir}`);
  try {
    const platform = stack.use(await openPlatform({ ...platformOptions(settings, deps), dataDir }));
    const supervised = supervise([...platform.roles.values()], { clock: systemClock, signal, tell: screen.note });
    const first = settings.demo ? await demonstrate(platform, deps) : undefined;
    const ms = performance.now(); // since this process began
    if (!signal.aborted) screen.up(summarise(platform, { settings, dataDir, first, ms }));
    await supervised;
    await stack.disposeAsync();
  } catch (error) {
    if (!signal.aborted) throw error;
  }
  await stack.disposeAsync();
  screen.stopped(settings.ephemeral ? "Stopped; the data is gone." : `Stopped; the data stays in ${dataDir}`);
}

function platformOptions(settings: UpSettings, { roles, screen, signal }: UpDeps) {
  return {
    sets: SETS,
    region: REGION,
    edgeRuntime: settings.edgeRuntime,
    roles,
    ports: settings.ports,
    durablePostgres: !settings.ephemeral,
    onTick: screen.tick,
    log: screen.note,
    signal,
  };
}

function temporaryFolder(stack: AsyncDisposableStack): string {
  const dir = mkdtempSync(join(tmpdir(), "godwit-up-"));
  chmodSync(dir, 0o711); // PostgreSQL may have to run under another account
  stack.defer(() => {
    removePlatformData(dir); // also what PostgreSQL has had to keep elsewhere
    rmSync(dir, { recursive: true, force: true });
  });
  return dir;
}

/** A platform that is up but delivers nothing is worth looking at, so this only says so. */
async function demonstrate(platform: Platform, { screen, signal }: UpDeps): Promise<FirstMessages | undefined> {
  const part = "first messages";
  const started = performance.now();
  screen.tick({ part, state: "starting" });
  const aborted = new Promise<undefined>((resolve) => {
    signal.addEventListener("abort", () => resolve(undefined), { once: true });
  });
  try {
    const first = await Promise.race([sendFirstMessages(platform), aborted]);
    if (first !== undefined) screen.tick({ part, state: "ready", ms: Math.round(performance.now() - started) });
    return first;
  } catch (error) {
    screen.tick({ part, state: "failed", ms: Math.round(performance.now() - started) });
    screen.note(`${error instanceof Error ? error.message : String(error)}. The logs of the roles may tell why.`);
    return undefined;
  }
}

interface Circumstances {
  readonly settings: UpSettings;
  readonly dataDir: string;
  readonly first: FirstMessages | undefined;
  readonly ms: number;
}

function summarise(platform: Platform, { settings, dataDir, first, ms }: Circumstances): UpSummary {
  const { edgeUrl, apiKey, numbers, reportsUrl, reportsToken, simulatorUrl, analystUrl } = platform;
  return {
    ms: Math.round(ms),
    ...{ edgeUrl, apiKey, numbers, reportsUrl, reportsToken, simulatorUrl, analystUrl },
    smppPort: platform.smppPort,
    sets: platform.sets.map(({ name, region, members }) => ({ set: name, region, ports: members.map((m) => m.port) })),
    dataDir,
    postgresDataDir: platform.postgres.dataDir,
    reset: settings.reset,
    first,
  };
}
