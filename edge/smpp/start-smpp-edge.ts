/**
 * Everything of an SMPP edge but its process: the parts of the edge, the listener, and the loops that deliver. It
 * starts, and answers honestly, with every set away. Stops in this order: nothing new is taken, what is being delivered
 * is settled, every customer is unbound, and what waits for its commit is answered.
 */
import type { Metrics } from "#core/metrics/metrics.ts";
import type { Store } from "#core/store/store.ts";
import type { Clock } from "#domain/clock.ts";
import type { AccountId } from "#domain/ids.ts";
import type { Logger } from "#domain/log.ts";
import type { Random } from "#domain/random.ts";
import { DIRECTORY_AGE_MS_MAX } from "../readiness.ts";
import { createSubmissionSchema } from "../schema.ts";
import { createParts } from "../start-edge.ts";
import { createAddressLists } from "./address-lists.ts";
import { createBindGuard } from "./bind-guard.ts";
import { createBoundAccounts } from "./bound-accounts.ts";
import { createConnectionGate } from "./connection-gate.ts";
import { type DeliverLoopDeps, runDeliverLoop } from "./deliver-loop.ts";
import { createReceivers, createRecentlyTold } from "./receivers.ts";
import type { SmppConfig } from "./smpp-config.ts";
import { createSmppMetrics } from "./smpp-metrics.ts";
import { openSmppServer } from "./smpp-server.ts";

export interface SmppEdge extends AsyncDisposable {
  readonly port: number;
  /** Parts by name, for /readyz. */
  ready(): Promise<Readonly<Record<string, boolean>>>;
  /** Prometheus text. */
  metricsText(): string;
  /** Connections, bound and not. */
  sessions(): { readonly bound: number; readonly unbound: number };
}

export interface StartSmppEdgeOptions {
  readonly config: Pick<
    SmppConfig,
    "region" | "host" | "port" | "bindTimeoutMs" | "enquireLinkMs" | "unboundMax" | "unboundPerAddressMax"
  >;
  /** PEM. */
  readonly tls?: { readonly key: string; readonly cert: string };
  /** Not disposed here. */
  readonly stores: readonly Store[];
  /** Who holds what is delivered, for operators. */
  readonly owner: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly metrics: Metrics;
}

export async function startSmppEdge(options: StartSmppEdgeOptions): Promise<SmppEdge> {
  const { config, stores, clock, log } = options;
  const parts = createParts({ ...options, config: { ...config, drainNoticeMs: 0 } });
  const { deps: edge } = parts;
  const gate = createConnectionGate(config);
  const guard = createBindGuard(clock, config);
  const lists = createAddressLists();
  const bound = createBoundAccounts(clock);
  let held = 0;
  const metrics = createSmppMetrics(options.metrics, {
    unbound: () => gate.unbound,
    bound: () => bound.size,
    held: () => held,
  });
  const smppOf = (account: AccountId) => edge.directory.current()?.account(account)?.smpp;
  const receivers = createReceivers({ clock, bound, windowOf: (account) => smppOf(account)?.window });
  const serve = { edge, metrics, partSchema: createSubmissionSchema(clock, { ofParts: true }) };
  const { tls } = options;
  const listen = {
    ...config,
    ...(tls !== undefined && { tls }),
    serve,
    gate,
    guard,
    lists,
    bound,
    onChange: receivers.changed,
  };
  const server = await openSmppServer(listen).catch(async (error: unknown) => {
    await parts.close();
    throw error;
  });

  const stop = new AbortController();
  const loop: DeliverLoopDeps = {
    ...{ clock, log, metrics, mint: edge.mint, owner: options.owner },
    told: createRecentlyTold(),
    receiver: receivers.next,
    alphabetOf: (account) => smppOf(account)?.alphabet ?? "gsm7",
    receivers: bound.receivers,
    stateOf: parts.stateOf,
    onHeld: (items) => {
      held += items;
    },
  };
  const delivering = Promise.all(stores.map((store) => runDeliverLoop(loop, store, stop.signal)));
  return {
    port: server.port,
    async ready() {
      const reachable = await edge.readiness();
      const isFresh = edge.directory.current() !== undefined && edge.directory.ageMs() <= DIRECTORY_AGE_MS_MAX;
      return { directory: isFresh, accepting: !edge.isDraining(), "any set": Object.values(reachable).some(Boolean) };
    },
    metricsText() {
      const { committer } = edge;
      return edge.metrics.render({ waiting: committer.waiting(), sets: committer.health() });
    },
    sessions: () => ({ bound: bound.size, unbound: gate.unbound }),
    async [Symbol.asyncDispose]() {
      parts.drain();
      stop.abort();
      receivers.changed();
      await delivering;
      await server[Symbol.asyncDispose]();
      await parts.close();
    },
  };
}
