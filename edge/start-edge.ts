/**
 * Everything of an edge but its host: the parts are put together over the given stores and served by the given `serve`.
 * It starts, and answers honestly, with every set away. States: serving → draining (/readyz says no) → refusing
 * connections → done.
 */

import { openDirectory } from "#core/directory/open-directory.ts";
import type { SetState } from "#core/directory/set-states.ts";
import type { Metrics } from "#core/metrics/metrics.ts";
import type { Store } from "#core/store/store.ts";
import type { Clock } from "#domain/clock.ts";
import { createIdMint, type SetId } from "#domain/ids.ts";
import type { Logger } from "#domain/log.ts";
import type { Random } from "#domain/random.ts";
import manifest from "../package.json" with { type: "json" };
import { createApp } from "./app.ts";
import { createAuthenticator } from "./auth.ts";
import { ANSWER_MS_MAX, createCommitter } from "./committer.ts";
import type { EdgeConfig } from "./config.ts";
import { createCreditGate } from "./credit-gate.ts";
import type { EdgeDeps } from "./edge-deps.ts";
import { createEdgeMetrics } from "./metrics.ts";
import { createReadiness } from "./readiness.ts";
import { createSubmissionSchema } from "./schema.ts";

/** What the edge needs of its runtime: an HTTP server. */
export type Serve = (options: {
  readonly hostname: string;
  readonly port: number;
  readonly fetch: (request: Request) => Response | Promise<Response>;
}) => HttpServer;

export interface HttpServer {
  readonly port: number;
  /** Refuses connections, and resolves when every request in hand is answered. */
  stop(): Promise<void>;
  /** Drops what is still open. */
  kill(): Promise<void>;
}

export interface Edge extends AsyncDisposable {
  readonly port: number;
}

export interface StartEdgeOptions {
  readonly config: Pick<EdgeConfig, "region" | "host" | "port" | "drainNoticeMs">;
  /** Not disposed by the edge. */
  readonly stores: readonly Store[];
  readonly serve: Serve;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** Of the process: shown with its own. */
  readonly metrics?: Metrics;
}

/** Disposing drains: at most `drainNoticeMs` + ANSWER_MS_MAX twice. */
export function startEdge(options: StartEdgeOptions): Edge {
  const { config, clock, log } = options;
  const parts = createParts(options);
  const server = options.serve({ hostname: config.host, port: config.port, fetch: createApp(parts.deps).fetch });
  log.info("process.started", { role: "edge", address: `http://${config.host}:${server.port}` });
  return {
    port: server.port,
    async [Symbol.asyncDispose]() {
      log.info("process.draining", { role: "edge" });
      parts.drain();
      await clock.sleep(config.drainNoticeMs);
      await stopWithin(server, clock);
      await parts.close();
      log.info("process.stopped", { role: "edge" });
    },
  };
}

/** A client that reads too slowly must not keep the process for ever. */
async function stopWithin(server: HttpServer, clock: Clock): Promise<void> {
  const patience = new AbortController();
  const stopped = server.stop().then(() => "stopped" as const);
  const late = clock.sleep(ANSWER_MS_MAX, patience.signal).then(() => "late" as const);
  const outcome = await Promise.race([stopped, late]);
  patience.abort();
  if (outcome === "late") await server.kill();
}

/** The parts behind the routes. Exported for tests that need no socket. */
export function createParts(options: Omit<StartEdgeOptions, "serve">): {
  readonly deps: EdgeDeps;
  /** /readyz says no from now on. */
  readonly drain: () => void;
  readonly close: () => Promise<void>;
  /** What each set is used for now. */
  readonly stateOf: (set: SetId) => SetState;
} {
  const { stores, clock, random, log } = options;
  const metrics = createEdgeMetrics(options.metrics);
  const directory = openDirectory({ stores, clock, log });
  const committer = createCommitter({
    ...options,
    region: options.config.region,
    stateOf: directory.stateOf,
    observer: metrics,
  });
  let draining = false;
  const deps: EdgeDeps = {
    directory,
    creditGate: createCreditGate({ stores, directory, clock }),
    committer,
    stores: new Map(stores.map((store) => [store.set, store])),
    authenticate: createAuthenticator(),
    submissionSchema: createSubmissionSchema(clock),
    readiness: createReadiness({ stores, clock }),
    isDraining: () => draining,
    metrics,
    clock,
    random,
    mint: createIdMint({ clock, random }),
    log,
    version: manifest.version,
  };
  return {
    deps,
    stateOf: directory.stateOf,
    drain: () => {
      draining = true;
    },
    async close() {
      await committer[Symbol.asyncDispose]();
      await directory[Symbol.asyncDispose]();
    },
  };
}
