/**
 * Planted: a connector's leases never end for it, as it does not look at their deadlines; or it takes every lease for
 * renewed without asking. Whoever claims the chunk meanwhile sends it too.
 */
import type { Hold } from "#core/store/store.ts";
import type { Plant } from "../plant.ts";
import { overlayStore } from "./overlay-store.ts";

const isConnector = (role: string): boolean => role.startsWith("connector");
const endless = (hold: Hold): Hold => ({ ...hold, deadline: Number.POSITIVE_INFINITY });

export const endlessLease: Plant = {
  name: "endless-lease",
  wrapStore: (store, { role }) =>
    isConnector(role)
      ? overlayStore(store, {
          claim: async (claim) => (await store.claim(claim)).map(endless),
          renew: async (holds, leaseMs) => (await store.renew(holds, leaseMs)).map(endless),
        })
      : store,
};

export const renewUnasked: Plant = {
  name: "renew-unasked",
  wrapStore: (store, { role, process }) =>
    isConnector(role)
      ? overlayStore(store, {
          async renew(holds, leaseMs) {
            const deadline = process.clock.monotonic() + leaseMs;
            return holds.map((hold) => ({ ...hold, deadline }));
          },
        })
      : store,
};
