/** Composition root of the role `connectors`: environment, real time, signals, stores and links, and nothing else. */
import { z } from "zod";
import { portSchema, readEnv } from "#core/config/env.ts";
import { runMain } from "#core/config/run-main.ts";
import { setsSchema } from "#core/config/sets.ts";
import { openDirectory } from "#core/directory/open-directory.ts";
import { setParts } from "#core/directory/set-parts.ts";
import { serveHealth } from "#core/http/health-server.ts";
import { bunMemory } from "#core/metrics/bun-memory.ts";
import { countLeaseLosses } from "#core/metrics/count-lease-losses.ts";
import { createMetrics, LATENCY_BUCKETS, type Metrics } from "#core/metrics/metrics.ts";
import { liveHeapSetting, watchProcess } from "#core/metrics/watch-process.ts";
import { openMongoStores } from "#core/store/mongo/open-mongo-stores.ts";
import { createDoubtPolicy } from "#core/worker/doubt-policy.ts";
import { systemClock } from "#domain/clock.ts";
import { createIdMint, providerIdSchema } from "#domain/ids.ts";
import { createJsonLogger } from "#domain/log.ts";
import { systemRandom } from "#domain/random.ts";
import type { Connector } from "./connector.ts";
import { createInboundQueue } from "./inbound.ts";
import { connectorTypes } from "./registry.ts";
import { smppSettingsSchema } from "./smpp/settings.ts";
import { runSubmitEngine } from "./submit-engine.ts";

const linksSchema = z
  .string({ error: "is required: a JSON array of SMPP settings, one a provider" })
  .transform((text, context) => {
    try {
      return JSON.parse(text) as unknown;
    } catch {
      context.addIssue({ code: "custom", message: "must be a JSON array of SMPP settings, one a provider" });
      return z.NEVER;
    }
  })
  .pipe(z.array(smppSettingsSchema).min(1).max(64));

const envSchema = z.strictObject({
  GODWIT_SETS: setsSchema,
  /** Receipts that belong to no known message go to a set of this region. */
  GODWIT_REGION: z.string().min(1),
  /** `[{"provider":"acme","host":"…","port":2775,"systemId":"…","password":"…","window":50}]` */
  GODWIT_CONNECTORS_SMPP: linksSchema,
  GODWIT_CONNECTORS_PORT: portSchema.default(0),
  ...liveHeapSetting,
});

/** Steps in flight per set: settles of a few providers, and receipts. */
const WRITERS = 3;

export async function runConnectorsRole(
  env: Readonly<Record<string, string | undefined>>,
  signal: AbortSignal,
): Promise<void> {
  const config = readEnv(env, envSchema, ["GODWIT_CONNECTORS_"]);
  const clock = systemClock;
  const mint = createIdMint({ clock, random: systemRandom });
  const owner = `connectors-${mint.unique().slice(-8)}`;
  const metrics = createMetrics();
  const write = (line: string): void => void process.stdout.write(`${line}\n`);
  const log = countLeaseLosses(createJsonLogger({ clock, write, scope: { process: owner } }), metrics);

  await using stack = new AsyncDisposableStack();
  const liveHeapEverySeconds = config.GODWIT_LIVE_HEAP_EVERY_SECONDS;
  stack.use(watchProcess(metrics, { clock, memory: bunMemory, liveHeapEverySeconds }));
  const shared = { clock, random: systemRandom, log, owner, writers: WRITERS };
  const sets = stack.use(await openMongoStores(config.GODWIT_SETS, shared));
  const stores = [...sets.bySet.values()];
  const directory = stack.use(openDirectory({ stores, clock, log }));
  const policy = createDoubtPolicy(directory);
  const submits = metrics.counter("godwit_submit_segments_total", "Segments handed to providers, by result");
  const settleSeconds = metrics.histogram("godwit_settle_seconds", "Time of a settle step", LATENCY_BUCKETS);
  const received = metrics.counter("godwit_inbound_total", "Receipts and replies that came in");

  const engines = config.GODWIT_CONNECTORS_SMPP.map((settings) => {
    const provider = providerIdSchema.parse(settings.provider);
    const inbound = createInboundQueue({
      provider,
      stores,
      stateOf: directory.stateOf,
      region: config.GODWIT_REGION,
      clock,
      random: systemRandom,
      mint,
      received,
    });
    const connector = connectorTypes.smpp.open(settings, { clock, random: systemRandom, log, handlers: inbound });
    const window = settings.window * settings.binds;
    const { stateOf } = directory;
    const engine = {
      provider,
      connector,
      stores,
      stateOf,
      clock,
      mint,
      log,
      owner,
      policy,
      window,
      submits,
      settleSeconds,
    };
    return { connector, window, run: () => runSubmitEngine({ ...engine, onSubmitted: inbound.remember }, signal) };
  });
  for (const { connector } of engines) stack.use(connector);
  showWindows(metrics, engines);

  const links = (): Record<string, boolean> =>
    Object.fromEntries(engines.map(({ connector }) => [`link ${connector.provider}`, connector.health === "bound"]));
  const health = stack.use(
    serveHealth({
      port: config.GODWIT_CONNECTORS_PORT,
      ready: async () => ({ ...links(), ...(await setParts(sets, directory)) }),
      metrics: metrics.text,
    }),
  );
  log.info("process.started", { role: "connectors", address: `http://127.0.0.1:${health.port}` });
  // Without the accounts' policies no doubt can be decided: nothing is claimed before they are known.
  await directory.ready(signal);
  await Promise.all(engines.map((engine) => engine.run()));
  log.info("process.stopped", { role: "connectors" });
}

/** How much of what the provider allows is in use. */
function showWindows(
  metrics: Metrics,
  engines: readonly { readonly connector: Connector; readonly window: number }[],
): void {
  metrics.gauge("godwit_window_segments", "Segments that all binds may have unanswered", () =>
    engines.map(({ connector, window }) => ({ labels: { provider: connector.provider }, value: window })),
  );
  metrics.gauge(
    "godwit_window_free_segments",
    "Segments that would be handed over now; none while no link is bound",
    () => engines.map(({ connector }) => ({ labels: { provider: connector.provider }, value: connector.freeSlots })),
  );
}

if (import.meta.main) await runMain(runConnectorsRole, { host: process, clock: systemClock });
