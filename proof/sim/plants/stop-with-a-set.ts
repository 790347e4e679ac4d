/** Planted: while a set does not answer a worker or a connector, it claims nothing from the other sets either. */
import type { Store } from "#core/store/store.ts";
import type { Plant } from "../plant.ts";
import type { SimProcess } from "../sim-process.ts";
import { overlayStore } from "./overlay-store.ts";

const ASK_MS = 250;
/** A set that takes longer does not answer. */
const SLOW_MS = 500;

const stopWithASet = (name: string, prefix: string): Plant => {
  /** By process: the sets that do not answer it. */
  const silent = new WeakMap<SimProcess, Set<string>>();
  return {
    name,
    wrapStore(store, { process, role }) {
      if (!role.startsWith(prefix)) return store;
      const away = silent.get(process) ?? new Set();
      silent.set(process, away);
      void keepAsking(store, process, away);
      return overlayStore(store, {
        async claim(options) {
          while (away.size > 0 && !away.has(store.set)) await process.clock.sleep(ASK_MS);
          return store.claim(options);
        },
      });
    },
  };
};

async function keepAsking(store: Store, { clock }: SimProcess, away: Set<string>): Promise<void> {
  for (;;) {
    const late = clock.after(SLOW_MS, () => void away.add(store.set));
    const isThere = await store.standing().then(
      () => true,
      () => false,
    );
    late.cancel();
    if (isThere) away.delete(store.set);
    else away.add(store.set);
    await clock.sleep(ASK_MS);
  }
}

export const stopWorkersWithASet = stopWithASet("stop-workers-with-a-set", "worker");
export const stopConnectorsWithASet = stopWithASet("stop-connectors-with-a-set", "connector");
