/** The real submit engine and inbound queue on a simulated bind. */
import { openDirectory } from "#core/directory/open-directory.ts";
import { createDoubtPolicy } from "#core/worker/doubt-policy.ts";
import { createIdMint } from "#domain/ids.ts";
import { createInboundQueue } from "../../../connectors/inbound.ts";
import { runSubmitEngine } from "../../../connectors/submit-engine.ts";
import { SimConnector } from "../provider/sim-connector.ts";
import { provider } from "../sim-directory.ts";
import type { StartRole } from "../sim-host.ts";
import { unheard } from "./unheard.ts";

/** Small, so that chunks have segments above their mark. */
const WINDOW = 4;

export const startConnector: StartRole = (world, { process, stores, region, log, signal }) => {
  const { clock, random, name } = process;
  const directory = openDirectory({ stores, clock, log });
  world.onEnd(() => void directory[Symbol.asyncDispose]());
  const { stateOf } = directory;
  const mint = createIdMint({ clock, random });
  const at = { process, role: name.slice(0, name.indexOf(".")) };
  const shared = { provider, stores, stateOf, clock, mint };
  const inbound = createInboundQueue({ ...shared, region, random, received: unheard.counter });
  const link = new SimConnector({
    process,
    time: world.time,
    provider: world.provider,
    handlers: world.plant?.wrapInbound?.(inbound, at) ?? inbound,
    window: WINDOW,
    random: world.stream(`link ${name}`),
    reached: world.reached,
    onWrite: (segment) => world.watch.written(process, segment),
  });
  const engine = {
    ...shared,
    connector: world.plant?.wrapConnector?.(link, at) ?? link,
    log,
    owner: name,
    policy: createDoubtPolicy(directory),
    onSubmitted: inbound.remember,
    submits: unheard.counter,
    settleSeconds: unheard.histogram,
  };
  directory
    .ready(signal)
    .then(() => runSubmitEngine(engine, signal))
    .catch((error: unknown) => world.defects.push(`${name} ended: ${String(error)}`));
  return { connector: link };
};
