/** Composition root of the role `smpp`: environment, real time, signals, stores, TLS files, and nothing else. */
/// <reference types="bun" />
import { readFile } from "node:fs/promises";
import { runMain } from "#core/config/run-main.ts";
import { serveHealth } from "#core/http/health-server.ts";
import { bunMemory } from "#core/metrics/bun-memory.ts";
import { countLeaseLosses } from "#core/metrics/count-lease-losses.ts";
import { createMetrics } from "#core/metrics/metrics.ts";
import { watchProcess } from "#core/metrics/watch-process.ts";
import { openMongoStores } from "#core/store/mongo/open-mongo-stores.ts";
import { systemClock } from "#domain/clock.ts";
import { createIdMint } from "#domain/ids.ts";
import { createJsonLogger } from "#domain/log.ts";
import { systemRandom } from "#domain/random.ts";
import { STEPS_IN_FLIGHT } from "../committer.ts";
import { readSmppConfig } from "./smpp-config.ts";
import { startSmppEdge } from "./start-smpp-edge.ts";

/** Steps in flight per set: what the committer needs, and one for what deliveries settle. */
const WRITERS = STEPS_IN_FLIGHT + 1;

export async function runSmppRole(
  env: Readonly<Record<string, string | undefined>>,
  signal: AbortSignal,
): Promise<void> {
  const config = readSmppConfig(env);
  const clock = systemClock;
  const owner = `smpp-${createIdMint({ clock, random: systemRandom }).unique().slice(-8)}`;
  const metrics = createMetrics();
  const write = (line: string): void => void process.stdout.write(`${line}\n`);
  const log = countLeaseLosses(createJsonLogger({ clock, write, scope: { process: owner } }), metrics);
  const tls = config.tlsFiles && {
    key: await readFile(config.tlsFiles.key, "utf8"),
    cert: await readFile(config.tlsFiles.cert, "utf8"),
  };

  await using stack = new AsyncDisposableStack();
  const { liveHeapEverySeconds } = config;
  stack.use(watchProcess(metrics, { clock, memory: bunMemory, liveHeapEverySeconds }));
  const shared = { clock, random: systemRandom, log, owner };
  const sets = stack.use(await openMongoStores(config.sets, { ...shared, writers: WRITERS }));
  const stores = [...sets.bySet.values()];
  const edge = stack.use(await startSmppEdge({ ...shared, config, stores, metrics, ...(tls && { tls }) }));
  const health = stack.use(
    serveHealth({ port: config.healthPort, ready: () => edge.ready(), metrics: () => edge.metricsText() }),
  );
  const scheme = tls === undefined ? "smpp" : "ssmpp";
  const address = `${scheme}://${config.host}:${edge.port} http://127.0.0.1:${health.port}`;
  log.info("process.started", { role: "smpp", address });
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
  log.info("process.draining", { role: "smpp" });
}

if (import.meta.main) await runMain(runSmppRole, { host: process, clock: systemClock });
