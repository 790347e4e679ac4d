/** One life of an edge process: settings → stores → serve until told to stop → drain. Host parts are arguments. */
import { createMetrics } from "#core/metrics/metrics.ts";
import { type ProcessMemory, watchProcess } from "#core/metrics/watch-process.ts";
import { openMongoStores } from "#core/store/mongo/open-mongo-stores.ts";
import { systemClock } from "#domain/clock.ts";
import { createIdMint } from "#domain/ids.ts";
import { createJsonLogger } from "#domain/log.ts";
import { systemRandom } from "#domain/random.ts";
import { STEPS_IN_FLIGHT } from "./committer.ts";
import { readEdgeConfig } from "./config.ts";
import { type Serve, startEdge } from "./start-edge.ts";

export interface Host {
  readonly serve: Serve;
  /** Writes one log line. */
  readonly write: (line: string) => void;
  readonly memory: ProcessMemory;
}

export type Env = Readonly<Record<string, string | undefined>>;

/** Resolves when it has drained after `signal`. Throws ConfigError before anything is opened. */
export async function runEdgeOn(host: Host, env: Env, signal: AbortSignal): Promise<void> {
  const config = readEdgeConfig(env);
  const shared = { clock: systemClock, random: systemRandom };
  const owner = `edge-${createIdMint(shared).unique()}`;
  const log = createJsonLogger({ ...shared, write: host.write, scope: { role: "edge", region: config.region, owner } });
  const metrics = createMetrics();
  const { liveHeapEverySeconds } = config;
  using _watch = watchProcess(metrics, { clock: systemClock, memory: host.memory, liveHeapEverySeconds });
  await using stores = await openMongoStores(config.sets, { ...shared, log, owner, writers: STEPS_IN_FLIGHT });
  const options = { config, stores: [...stores.bySet.values()], serve: host.serve, log, metrics };
  await using _edge = startEdge({ ...shared, ...options });
  await aborted(signal);
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
