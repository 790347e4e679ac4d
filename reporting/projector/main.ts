/**
 * Composition root of the role `projector`: environment, real time, signals, stores and PostgreSQL, and nothing else.
 */
import { z } from "zod";
import { portSchema, readEnv } from "#core/config/env.ts";
import { runMain } from "#core/config/run-main.ts";
import { setsSchema } from "#core/config/sets.ts";
import { openDirectory } from "#core/directory/open-directory.ts";
import { serveHealth } from "#core/http/health-server.ts";
import { bunMemory } from "#core/metrics/bun-memory.ts";
import { createMetrics } from "#core/metrics/metrics.ts";
import { liveHeapSetting, watchProcess } from "#core/metrics/watch-process.ts";
import { openMongoStores } from "#core/store/mongo/open-mongo-stores.ts";
import { systemClock } from "#domain/clock.ts";
import { createIdMint } from "#domain/ids.ts";
import { createJsonLogger } from "#domain/log.ts";
import { systemRandom } from "#domain/random.ts";
import { openReportsDatabase } from "../reports-database.ts";
import { prepareReports } from "./prepare-reports.ts";
import { createProjector } from "./projector.ts";
import { renderMetrics } from "./projector-metrics.ts";
import { postgresReports } from "./write-batches.ts";

const envSchema = z.strictObject({
  GODWIT_SETS: setsSchema,
  /** A role that owns the database, or may create schemas in it; roles too where `analyst` is not there yet. */
  GODWIT_POSTGRES_URL: z.string().regex(/^postgres(ql)?:\/\//, "must start with postgres://"),
  /** /livez, /readyz and /metrics; 0 takes any free port. */
  GODWIT_PROJECTOR_PORT: portSchema.default(0),
  /** Given to the role `analyst`, so that people can log in as it. Without it nobody can by password. */
  GODWIT_PROJECTOR_ANALYST_PASSWORD: z.string().min(12).optional(),
  ...liveHeapSetting,
});

export async function runProjector(
  env: Readonly<Record<string, string | undefined>>,
  signal: AbortSignal,
): Promise<void> {
  const config = readEnv(env, envSchema, ["GODWIT_PROJECTOR_"]);
  const clock = systemClock;
  const random = systemRandom;
  const owner = `projector-${createIdMint({ clock, random }).unique().slice(-8)}`;
  const log = createJsonLogger({
    clock,
    write: (line) => process.stdout.write(`${line}\n`),
    scope: { process: owner },
  });

  const metrics = createMetrics();
  await using stack = new AsyncDisposableStack();
  const liveHeapEverySeconds = config.GODWIT_LIVE_HEAP_EVERY_SECONDS;
  stack.use(watchProcess(metrics, { clock, memory: bunMemory, liveHeapEverySeconds }));
  const stores = stack.use(await openMongoStores(config.GODWIT_SETS, { clock, random, log, owner, writers: 0 }));
  const database = stack.use(
    openReportsDatabase({
      url: config.GODWIT_POSTGRES_URL,
      connections: stores.bySet.size + 1,
      name: "godwit projector",
      // Facts and checkpoint vanish together if PostgreSQL crashes, and are read again: no need to wait for its disk.
      settings: { synchronous_commit: "off" },
    }),
  );
  const all = [...stores.bySet.values()];
  const directory = stack.use(openDirectory({ stores: all, clock, log }));
  const reports = postgresReports(database);
  const projector = createProjector({ stores: all, reports, clock, random, log, stateOf: directory.stateOf });
  const health = stack.use(
    serveHealth({
      port: config.GODWIT_PROJECTOR_PORT,
      ready: async () => ({
        ...Object.fromEntries(projector.healthy),
        ...Object.fromEntries(directory.unknownSets().map((set) => [set, false])),
      }),
      metrics: () => `${renderMetrics(projector.metrics)}${metrics.text()}`,
    }),
  );
  log.info("process.started", { role: "projector", address: `http://127.0.0.1:${health.port}` });
  const analystPassword = config.GODWIT_PROJECTOR_ANALYST_PASSWORD;
  await prepareReports(
    { database, clock, random, log, ...(analystPassword !== undefined && { analystPassword }) },
    signal,
  );
  await projector.run(signal);
  log.info("process.stopped", { role: "projector" });
}

if (import.meta.main) await runMain(runProjector, { host: process, clock: systemClock });
