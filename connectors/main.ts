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
import { createMetrics, type Metrics } from "#core/metrics/metrics.ts";
import { liveHeapSetting, watchProcess } from "#core/metrics/watch-process.ts";
import { openMongoStores } from "#core/store/mongo/open-mongo-stores.ts";
import type { Store } from "#core/store/store.ts";
import { systemClock } from "#domain/clock.ts";
import { createIdMint, type SetId } from "#domain/ids.ts";
import { createJsonLogger } from "#domain/log.ts";
import { systemRandom } from "#domain/random.ts";
import { serveCallbacks } from "./callback-server.ts";
import type { BindUser, Connector } from "./connector.ts";
import { holdBinds } from "./hold-binds.ts";
import { createLinkOpener } from "./link-opener.ts";
import { openLinksSource } from "./links-source.ts";
import { linksTextSchema } from "./read-links.ts";
import { createRunningLinks } from "./running-links.ts";

const envSchema = z
  .strictObject({
    GODWIT_SETS: setsSchema,
    /** Receipts that belong to no known message go to a set of this region. */
    GODWIT_REGION: z.string().min(1),
    /** `[{"type":"smpp","provider":"acme","host":"…","port":2775,"systemId":"…","password":"…","window":50}]` */
    GODWIT_CONNECTORS_LINKS: linksTextSchema.optional(),
    /** The path of a file with the same, which is looked at every second: links change while we run. */
    GODWIT_CONNECTORS_LINKS_FILE: z.string().min(1).optional(),
    /** Where providers that speak HTTP tell of receipts and replies; absent: nobody is listened to. */
    GODWIT_CONNECTORS_CALLBACK_PORT: portSchema.optional(),
    GODWIT_CONNECTORS_CALLBACK_HOST: z.string().min(1).default("127.0.0.1"),
    GODWIT_CONNECTORS_PORT: portSchema.default(0),
    /**
     * Names this process among those that share binds; a restart under the same name has its binds back at once.
     * Without it: the host and GODWIT_CONNECTORS_PORT, where that is not 0.
     */
    GODWIT_CONNECTORS_INSTANCE: z
      .string()
      .min(1)
      .max(100)
      .regex(/^[^#]+$/, "must not contain #")
      .optional(),
    ...liveHeapSetting,
  })
  .refine(
    ({ GODWIT_CONNECTORS_LINKS: links, GODWIT_CONNECTORS_LINKS_FILE: file }) =>
      (links === undefined) !== (file === undefined),
    {
      path: ["GODWIT_CONNECTORS_LINKS"],
      error: "is required: a JSON array of links, one a provider; or GODWIT_CONNECTORS_LINKS_FILE, and not both",
      when: ({ value }) => typeof value === "object",
    },
  );

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
  const given = { links: config.GODWIT_CONNECTORS_LINKS, file: config.GODWIT_CONNECTORS_LINKS_FILE };
  const source = await openLinksSource(given, { clock, log });
  const liveHeapEverySeconds = config.GODWIT_LIVE_HEAP_EVERY_SECONDS;
  stack.use(watchProcess(metrics, { clock, memory: bunMemory, liveHeapEverySeconds }));
  const shared = { clock, random: systemRandom, log, owner, writers: WRITERS };
  const sets = stack.use(await openMongoStores(config.GODWIT_SETS, shared));
  const stores = [...sets.bySet.values()];
  const directory = stack.use(openDirectory({ stores, clock, log }));
  const region = config.GODWIT_REGION;
  const means = { clock, mint, log, owner, metrics, stores, directory, region, random: systemRandom };
  const running = createRunningLinks(createLinkOpener(means), signal);
  showWindows(metrics, () => running.connectors);

  const stopped = new AbortController();
  const users = (): readonly BindUser[] => running.connectors.flatMap(({ binds }) => binds ?? []);
  const instance = config.GODWIT_CONNECTORS_INSTANCE ?? `${hostname()}:${config.GODWIT_CONNECTORS_PORT || owner}`;
  const home = createHome(directory, sets.bySet);
  const binds = holdBinds({ home, instance, session: owner, clock, log }, users, stopped.signal);
  // A link is well when it is up, and when others have all of its binds.
  const links = (): Record<string, boolean> =>
    Object.fromEntries(
      running.connectors.map(({ provider, health }) => [
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
  // Receipts are taken as long as anything may come in.
  const { GODWIT_CONNECTORS_CALLBACK_PORT: port, GODWIT_CONNECTORS_CALLBACK_HOST: host } = config;
  if (port !== undefined) {
    stack.use(serveCallbacks({ host, port, handlerOf: (provider) => running.connectorOf(provider)?.callback }));
  }
  await running.apply(source.links);
  await Promise.all([running.run(), source.watch(running.apply, signal)]).finally(() => stopped.abort());
  await binds.ended;
  log.info("process.stopped", { role: "connectors" });
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
function showWindows(metrics: Metrics, connectors: () => readonly Connector[]): void {
  const show = (name: string, help: string, figureOf: (connector: Connector) => number): void =>
    metrics.gauge(name, help, () =>
      connectors().map((connector) => ({ labels: { provider: connector.provider }, value: figureOf(connector) })),
    );
  show("godwit_window_segments", "Segments that all links may have unanswered", ({ window }) => window);
  show(
    "godwit_window_free_segments",
    "Of these, those that are not in use; none while no link is up",
    ({ health, window, inFlight }) => (health === "bound" ? window - inFlight : 0),
  );
}

if (import.meta.main) await runMain(runConnectorsRole, { host: process, clock: systemClock });
