/**
 * The links of this process, each a connector and the engine that submits over it, kept as their settings say: a new
 * link is opened, one that is gone is drained, one that changed is told so and goes on. Changes are made one after the
 * other. An engine that throws ends them all: a role that goes on without one of its loops would hold chunks for ever.
 */
import { isDeepStrictEqual } from "node:util";
import type { Connector } from "./connector.ts";
import type { Link, LinkSettings } from "./registry.ts";

/** A link with what runs over it until `signal` aborts; it is drained when `run` resolves. */
export interface RunnableLink extends Link {
  run(signal: AbortSignal): Promise<void>;
}

interface Running {
  readonly link: RunnableLink;
  readonly stop: AbortController;
  readonly ended: Promise<void>;
  settings: LinkSettings;
}

export interface RunningLinks {
  /** Those in use, and those that are being drained. */
  readonly connectors: readonly Connector[];
  connectorOf(provider: string): Connector | undefined;
  /** Resolves once the links are as `settings` say. */
  apply(settings: readonly LinkSettings[]): Promise<void>;
  /** Resolves when `signal` has aborted and every link is drained; rejects with what an engine throws. */
  run(): Promise<void>;
}

export function createRunningLinks(open: (settings: LinkSettings) => RunnableLink, signal: AbortSignal): RunningLinks {
  const running = new Map<string, Running>();
  const failed = Promise.withResolvers<never>();
  failed.promise.catch(() => undefined);
  const failure = new AbortController();
  const over = AbortSignal.any([signal, failure.signal]);
  let changing: Promise<void> = Promise.resolve();

  function start(settings: LinkSettings): void {
    const link = open(settings);
    const stop = new AbortController();
    const ended = link.run(AbortSignal.any([over, stop.signal])).catch((error: unknown) => {
      failed.reject(error);
      failure.abort();
    });
    running.set(settings.provider, { link, stop, ended, settings });
  }

  async function stop(provider: string, { stop, ended }: Running): Promise<void> {
    stop.abort();
    await ended;
    running.delete(provider);
  }

  async function change(settings: readonly LinkSettings[]): Promise<void> {
    const wanted = new Map(settings.map((link) => [link.provider, link]));
    const gone = [...running].filter(([provider, { settings: now }]) => wanted.get(provider)?.type !== now.type);
    await Promise.all(gone.map(([provider, link]) => stop(provider, link)));
    for (const [provider, next] of over.aborted ? [] : wanted) {
      const present = running.get(provider);
      if (present === undefined) start(next);
      else if (!isDeepStrictEqual(present.settings, next)) {
        present.link.configure(next);
        present.settings = next;
      }
    }
  }

  return {
    get connectors() {
      return [...running.values()].map(({ link }) => link.connector);
    },
    connectorOf: (provider) => running.get(provider)?.link.connector,
    apply(settings) {
      changing = changing.then(() => change(settings));
      return changing;
    },
    async run() {
      const aborted = new Promise<void>((resolve) => {
        if (over.aborted) resolve();
        over.addEventListener("abort", () => resolve());
      });
      await Promise.race([aborted, failed.promise]).catch(() => undefined);
      await changing;
      await Promise.all([...running.values()].map(({ ended }) => ended));
      if (failure.signal.aborted) await failed.promise;
    },
  };
}
