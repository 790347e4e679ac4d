/** Opens a link with all that runs over it: its connector, what comes in by it, and the engine that submits. */
import type { LiveDirectory } from "#core/directory/open-directory.ts";
import { LATENCY_BUCKETS, type Metrics } from "#core/metrics/metrics.ts";
import { createDoubtPolicy } from "#core/worker/doubt-policy.ts";
import { providerIdSchema } from "#domain/ids.ts";
import type { Random } from "#domain/random.ts";
import type { SubmitEngineDeps } from "./held-set.ts";
import { createInboundQueue } from "./inbound.ts";
import { type LinkSettings, openLink } from "./registry.ts";
import type { RunnableLink } from "./running-links.ts";
import { runSubmitEngine } from "./submit-engine.ts";

interface LinkMeans extends Pick<SubmitEngineDeps, "clock" | "mint" | "log" | "owner" | "stores"> {
  readonly metrics: Metrics;
  readonly directory: LiveDirectory;
  readonly random: Random;
  /** Receipts that belong to no known message go to a set of this region. */
  readonly region: string;
}

export function createLinkOpener(means: LinkMeans): (settings: LinkSettings) => RunnableLink {
  const { clock, mint, log, owner, stores, metrics, directory, random, region } = means;
  const { stateOf } = directory;
  const shared = {
    ...{ clock, mint, log, owner, stores, stateOf },
    policy: createDoubtPolicy(directory),
    submits: metrics.counter("godwit_submit_segments_total", "Segments handed to providers, by result"),
    settleSeconds: metrics.histogram("godwit_settle_seconds", "Time of a settle step", LATENCY_BUCKETS),
  };
  const received = metrics.counter("godwit_inbound_total", "Receipts and replies that came in");
  return (settings) => {
    const provider = providerIdSchema.parse(settings.provider);
    const inbound = createInboundQueue({ provider, stores, stateOf, region, clock, random, mint, received });
    const link = openLink(settings, { clock, random, log, handlers: inbound, bindsAreLeased: true });
    const { connector } = link;
    return {
      ...link,
      async run(signal) {
        // Without the accounts' policies no doubt can be decided: nothing is claimed before they are known.
        await directory.ready(signal);
        await runSubmitEngine({ ...shared, provider, connector, onSubmitted: inbound.remember }, signal);
      },
    };
  };
}
