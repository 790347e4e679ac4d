/** Planted: a worker obeys STOP and START on the set that it reads them from, and tells no other. */
import { type RelayItem, relayItemSchema } from "#domain/item.ts";
import type { Plant } from "../plant.ts";
import { overlayStore } from "./overlay-store.ts";

export const keepOptOutsAtHome: Plant = {
  name: "keep-opt-outs-at-home",
  wrapStore(store, { role }) {
    if (!role.startsWith("worker")) return store;
    const without = (item: unknown): RelayItem => ({ ...relayItemSchema.parse(item), optOuts: [] });
    return overlayStore(store, {
      commit(step) {
        const chunks = (step.chunks ?? []).map((chunk) =>
          chunk.lane.startsWith("relay.") ? { ...chunk, items: chunk.items.map(without) } : chunk,
        );
        return store.commit({ ...step, chunks });
      },
    });
  },
};
