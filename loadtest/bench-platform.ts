/**
 * The platform that `npm start` runs, for a bench: every role as a process of its own, two sets, no misbehaviour; and a
 * load for it.
 */
import { rmSync } from "node:fs";
import { openPlatform, type Platform } from "#testkit/platform.ts";
import type { BenchOptions } from "./bench-seam.ts";
import type { LoadPlan } from "./generator/run-load.ts";

const SETS = [
  { set: "syd1", region: "syd" },
  { set: "fra1", region: "fra" },
] as const;
const ANSWER_GRACE_MS = 15_000;

/** Opened on `stack`, which also removes what it leaves outside of the data folder. */
export async function openBenchPlatform(options: BenchOptions, stack: AsyncDisposableStack): Promise<Platform> {
  options.say(`starting the platform, edge on ${options.edge}`);
  let postgresDir: string | undefined;
  // Where root's PostgreSQL may not reach the data folder, it keeps its data elsewhere.
  stack.defer(() => {
    if (postgresDir !== undefined) rmSync(postgresDir, { recursive: true, force: true });
  });
  const platform = await openPlatform({
    dataDir: options.dataDir,
    sets: SETS,
    region: "syd",
    edgeRuntime: options.edge,
    roles: { type: "source" },
    // The suffixes that make it misbehave would be among the numbers of the load.
    simulatorBehaviour: { magicSuffixes: false },
    signal: options.signal,
  });
  stack.use(platform);
  postgresDir = platform.postgres.dataDir;
  return platform;
}

/** Against its edge, from the first message on; what a phase wants otherwise it says itself. */
export function planLoad(
  platform: Platform,
  plan: Pick<LoadPlan, "connections" | "seconds" | "messagesMax">,
): LoadPlan {
  const { hostname, port } = new URL(platform.edgeUrl);
  const { connections, seconds, messagesMax } = plan;
  const bounds = { seconds, messagesMax, graceMs: ANSWER_GRACE_MS };
  return { hostname, port: Number(port), apiKey: platform.apiKey, connections, firstIndex: 0, ...bounds };
}
