/**
 * Planted: what a relay carries may be rolled back on the set it comes from, when it has taken effect on the other. So
 * it was until money was carried: effects that were rolled back came again, and folded.
 */
import type { Plant } from "../plant.ts";
import { overlayStore } from "./overlay-store.ts";

export const carryUnreplicated: Plant = {
  name: "carry-unreplicated",
  wrapStore: (store, { role }) =>
    role.startsWith("worker")
      ? overlayStore(store, { claim: ({ durable: _, ...claim }) => store.claim(claim) })
      : store,
};
