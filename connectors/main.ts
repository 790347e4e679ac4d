/** Composition root of the role `connectors`: environment, real time, signals, stores and links, and nothing else. */
import { hostname } from "node:os";
import { z } from "zod";
import { portSchema, readEnv } from "#core/config/env.ts";
import { runMain } from "#core/config/run-main.ts";
import { setsSchema } from "#core/config/sets.ts";
import { type LiveDirectory, openDirectory } from "#core/directory/open-directory.ts";
import { setParts } from "#core/directory/set-parts.ts";
import { serveHealth } from "#core/http/health-server.ts";
import { bunMemory } from "#core/metrics/bun-memory.ts";
import { countLeaseLosses } from "#core/metrics/count-lease-losses.ts";
import { createMetrics, LATENCY_BUCKETS, type Metrics } from "#core/metrics/metrics.ts";
import { liveHeapSetting, watchProcess } from "#core/metrics/watch-process.ts";
import { openMongoStores } from "#core/store/mongo/open-mongo-stores.ts";
import type { Store } from "#core/store/store.ts";
import { createDoubtPolicy } from "#core/worker/doubt-policy.ts";
import { systemClock } from "#domain/clock.ts";
import { createIdMint, providerIdSchema, type SetId } from "#domain/ids.ts";
import { createJsonLogger } from "#domain/log.ts";
import { systemRandom } from "#domain/random.ts";
import type { Connector } from "./connector.ts";
import type { SubmitEngineDeps } from "./held-set.ts";
import { holdBinds } from "./hold-binds.ts";
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
  /**
   * Names this process among those that share binds; a restart under the same name has its binds back at once. Without
   * it: the host and GODWIT_CONNECTORS_PORT, where that is not 0.
   */
  GODWIT_CONNECTORS_INSTANCE: z
    .string()
    .min(1)
    .max(100)
    .regex(/^[^#]+$/, "must not contain #")
    .optional(),
  ...liveHeapSetting,
});

type Config = z.output<typeof envSchema>;

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
  const means = { config, clock, mint, log, owner, metrics, stores, directory };
  const engines = createEngines(means, signal);
  for (const { connector } of engines) stack.use(connector);
  showWindows(
    metrics,
    engines.map(({ connector }) => connector),
  );

  const stopped = new AbortController();
  const users = engines.flatMap(({ connector }) => connector.binds ?? []);
  const instance = config.GODWIT_CONNECTORS_INSTANCE ?? `${hostname()}:${config.GODWIT_CONNECTORS_PORT || owner}`;
  const home = createHome(directory, sets.bySet);
  const binds = holdBinds({ home, instance, session: owner, clock, log }, users, stopped.signal);
  // A link is well when it is up, and when others have all of its binds.
  const links = (): Record<string, boolean> =>
    Object.fromEntries(
      engines.map(({ connector: { provider, health } }) => [
        `link ${provider}`,
        health === "bound" || binds.isStandby(provider),
      ]),
    );
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
  await Promise.all(engines.map((engine) => engine.run())).finally(() => stopped.abort());
  await binds.ended;
  log.info("process.stopped", { role: "connectors" });
}

interface EngineMeans extends Pick<SubmitEngineDeps, "clock" | "mint" | "log" | "owner" | "stores"> {
  readonly config: Config;
  readonly metrics: Metrics;
  readonly directory: LiveDirectory;
}

/** One for each link that is configured: its connector, and what submits over it until `signal` aborts. */
function createEngines({ config, metrics, directory, ...means }: EngineMeans, signal: AbortSignal) {
  const { clock, mint, log, stores } = means;
  const { stateOf } = directory;
  const shared = {
    ...means,
    stateOf,
    policy: createDoubtPolicy(directory),
    submits: metrics.counter("godwit_submit_segments_total", "Segments handed to providers, by result"),
    settleSeconds: metrics.histogram("godwit_settle_seconds", "Time of a settle step", LATENCY_BUCKETS),
  };
  const received = metrics.counter("godwit_inbound_total", "Receipts and replies that came in");
  const random = systemRandom;
  return config.GODWIT_CONNECTORS_SMPP.map((settings) => {
    const provider = providerIdSchema.parse(settings.provider);
    const region = config.GODWIT_REGION;
    const inbound = createInboundQueue({ provider, stores, stateOf, region, clock, random, mint, received });
    const connector = connectorTypes.smpp.open(settings, {
      ...{ clock, random, log },
      handlers: inbound,
      bindsAreLeased: true,
    });
    const engine = { ...shared, provider, connector, onSubmitted: inbound.remember };
    return { connector, run: () => runSubmitEngine(engine, signal) };
  });
}

/** Where binds are handed out: the home that the directory names; while it names no set at all, the first by name. */
function createHome(directory: LiveDirectory, bySet: ReadonlyMap<SetId, Store>) {
  const [first] = [...bySet.keys()].toSorted();
  return () => {
    const set = directory.current()?.home ?? first;
    const registers = set && bySet.get(set)?.registers;
    return set && registers && { set, registers };
  };
}

/** How much of what the provider allows is in use. */
function showWindows(metrics: Metrics, connectors: readonly Connector[]): void {
  const show = (name: string, help: string, figureOf: (connector: Connector) => number): void =>
    metrics.gauge(name, help, () =>
      connectors.map((connector) => ({ labels: { provider: connector.provider }, value: figureOf(connector) })),
    );
  show("godwit_window_segments", "Segments that all links may have unanswered", ({ window }) => window);
  show(
    "godwit_window_free_segments",
    "Of these, those that are not in use; none while no link is up",
    ({ health, window, inFlight }) => (health === "bound" ? window - inFlight : 0),
  );
}

if (import.meta.main) await runMain(runConnectorsRole, { host: process, clock: systemClock });
