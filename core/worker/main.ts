/** Composition root of the role `worker`: environment, real time, signals and stores, and nothing else. */

import { z } from "zod";
import { portSchema, readEnv } from "#core/config/env.ts";
import { runMain } from "#core/config/run-main.ts";
import { setsSchema } from "#core/config/sets.ts";
import { openDirectory } from "#core/directory/open-directory.ts";
import { setParts } from "#core/directory/set-parts.ts";
import { serveHealth } from "#core/http/health-server.ts";
import { bunMemory } from "#core/metrics/bun-memory.ts";
import { countLeaseLosses } from "#core/metrics/count-lease-losses.ts";
import { createMetrics, LATENCY_BUCKETS } from "#core/metrics/metrics.ts";
import { liveHeapSetting, watchProcess } from "#core/metrics/watch-process.ts";
import { openMongoStores } from "#core/store/mongo/open-mongo-stores.ts";
import { systemClock } from "#domain/clock.ts";
import { createIdMint } from "#domain/ids.ts";
import { createJsonLogger } from "#domain/log.ts";
import { systemRandom } from "#domain/random.ts";
import { createWorkerCredit } from "./credit-search.ts";
import { runWorker } from "./worker.ts";

const envSchema = z.strictObject({
  GODWIT_SETS: setsSchema,
  /** /livez, /readyz and /metrics; 0 takes any free port. */
  GODWIT_WORKER_PORT: portSchema.default(0),
  ...liveHeapSetting,
});

/** Steps in flight per set: its route, receipt and reply loops commit one at a time, the relay loops now and then. */
const WRITERS = 4;

export async function runWorkerRole(
  env: Readonly<Record<string, string | undefined>>,
  signal: AbortSignal,
): Promise<void> {
  const config = readEnv(env, envSchema, ["GODWIT_WORKER_"]);
  const clock = systemClock;
  const owner = `worker-${createIdMint({ clock, random: systemRandom }).unique().slice(-8)}`;
  const metrics = createMetrics();
  const write = (line: string): void => void process.stdout.write(`${line}\n`);
  const log = countLeaseLosses(createJsonLogger({ clock, write, scope: { process: owner } }), metrics);
  const mint = createIdMint({ clock, random: systemRandom });

  await using stack = new AsyncDisposableStack();
  const liveHeapEverySeconds = config.GODWIT_LIVE_HEAP_EVERY_SECONDS;
  stack.use(watchProcess(metrics, { clock, memory: bunMemory, liveHeapEverySeconds }));
  const shared = { clock, random: systemRandom, log, owner, writers: WRITERS };
  const stores = stack.use(await openMongoStores(config.GODWIT_SETS, shared));
  const directory = stack.use(openDirectory({ stores: [...stores.bySet.values()], clock, log }));
  const health = stack.use(
    serveHealth({
      port: config.GODWIT_WORKER_PORT,
      ready: async () => ({ directory: directory.current() !== undefined, ...(await setParts(stores, directory)) }),
      metrics: metrics.text,
    }),
  );
  log.info("process.started", { role: "worker", address: `http://127.0.0.1:${health.port}` });
  const items = metrics.counter("godwit_worker_items_total", "Items by stage and outcome of their step");
  const help = "Time of building a step by stage: handlers and what they ask, not its commit";
  const buildSeconds = metrics.histogram("godwit_worker_build_seconds", help, LATENCY_BUCKETS);
  const means = { stores: stores.bySet, directory, clock, random: systemRandom, mint, log };
  const context = { ...means, ...createWorkerCredit(means), items, buildSeconds };
  await runWorker(context, { owner, signal });
  log.info("process.stopped", { role: "worker" });
}

if (import.meta.main) await runMain(runWorkerRole, { host: process, clock: systemClock });
