/** Planted: the sets say that nobody has opted out. */
import type { Plant } from "../plant.ts";
import { overlayStore } from "./overlay-store.ts";

export const forgetOptOuts: Plant = {
  name: "forget-opt-outs",
  wrapStore: (store) => overlayStore(store, { optedOut: async () => new Set() }),
};
