/** Composition root of the role `reports`: environment, real time, signals and PostgreSQL, and nothing else. */
import { z } from "zod";
import { portSchema, readEnv } from "#core/config/env.ts";
import { runMain } from "#core/config/run-main.ts";
import { absoluteRequest } from "#core/http/absolute-request.ts";
import { bunMemory } from "#core/metrics/bun-memory.ts";
import { createMetrics } from "#core/metrics/metrics.ts";
import { liveHeapSetting, watchProcess } from "#core/metrics/watch-process.ts";
import { systemClock } from "#domain/clock.ts";
import { createIdMint } from "#domain/ids.ts";
import { createJsonLogger } from "#domain/log.ts";
import { systemRandom } from "#domain/random.ts";
import { openReportsDatabase } from "../reports-database.ts";
import { createReportsApp } from "./reports-app.ts";

const envSchema = z.strictObject({
  /** The role `analyst`, or one that is a member of it. */
  GODWIT_POSTGRES_URL: z.string().regex(/^postgres(ql)?:\/\//, "must start with postgres://"),
  GODWIT_REPORTS_PORT: portSchema.default(0),
  /** The loopback unless told otherwise. */
  GODWIT_REPORTS_HOST: z.string().default("127.0.0.1"),
  GODWIT_REPORTS_TOKEN: z.string().min(16).max(200),
  ...liveHeapSetting,
});

/** Questions that run at once. The role `analyst` has 20 connections: people need some too. */
const CONNECTIONS = 5;

export async function runReports(
  env: Readonly<Record<string, string | undefined>>,
  signal: AbortSignal,
): Promise<void> {
  const config = readEnv(env, envSchema, ["GODWIT_REPORTS_"]);
  const mint = createIdMint({ clock: systemClock, random: systemRandom });
  const log = createJsonLogger({
    clock: systemClock,
    write: (line) => process.stdout.write(`${line}\n`),
    scope: { process: `reports-${mint.unique().slice(-8)}` },
  });
  const metrics = createMetrics();
  const liveHeapEverySeconds = config.GODWIT_LIVE_HEAP_EVERY_SECONDS;
  using _watch = watchProcess(metrics, { clock: systemClock, memory: bunMemory, liveHeapEverySeconds });
  await using database = openReportsDatabase({
    url: config.GODWIT_POSTGRES_URL,
    connections: CONNECTIONS,
    name: "godwit reports",
  });
  const app = createReportsApp({ database, token: config.GODWIT_REPORTS_TOKEN, log, metrics });
  const server = Bun.serve({
    port: config.GODWIT_REPORTS_PORT,
    hostname: config.GODWIT_REPORTS_HOST,
    idleTimeout: 60,
    fetch: (request) => app.fetch(absoluteRequest(request)),
  });
  log.info("process.started", { role: "reports", address: `http://${config.GODWIT_REPORTS_HOST}:${server.port}` });
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
  log.info("process.draining", { role: "reports" });
  await server.stop();
  log.info("process.stopped", { role: "reports" });
}

if (import.meta.main) await runMain(runReports, { host: process, clock: systemClock });
