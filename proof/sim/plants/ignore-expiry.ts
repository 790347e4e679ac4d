/** Planted: a connector does not know when a message expires. */
import type { Plant } from "../plant.ts";
import { overlayStore } from "./overlay-store.ts";

export const ignoreExpiry: Plant = {
  name: "ignore-expiry",
  wrapStore(store, { role }) {
    if (!role.startsWith("connector")) return store;
    const timeless = (item: unknown): unknown => ({ ...(item as object), expireAt: undefined });
    return overlayStore(store, {
      claim: async (claim) => (await store.claim(claim)).map((hold) => ({ ...hold, items: hold.items.map(timeless) })),
    });
  },
};
