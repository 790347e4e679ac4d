/** The real worker: all its loops over both sets. */
import { openDirectory } from "#core/directory/open-directory.ts";
import { createWorkerCredit } from "#core/worker/credit-search.ts";
import { runWorker } from "#core/worker/worker.ts";
import { createIdMint } from "#domain/ids.ts";
import type { StartRole } from "../sim-host.ts";
import { unheard } from "./unheard.ts";

export const startWorker: StartRole = (world, { process, stores, log, signal }) => {
  const { clock, random, name } = process;
  const directory = openDirectory({ stores, clock, log });
  world.onEnd(() => void directory[Symbol.asyncDispose]());
  const means = {
    stores: new Map(stores.map((store) => [store.set, store])),
    ...{ directory, clock, random, log },
    mint: createIdMint({ clock, random }),
  };
  const context = {
    ...means,
    ...createWorkerCredit(means),
    items: unheard.counter,
    buildSeconds: unheard.histogram,
  };
  runWorker(context, { owner: name, signal }).catch((error: unknown) => {
    world.defects.push(`${name} ended: ${String(error)}`);
  });
  return {};
};
