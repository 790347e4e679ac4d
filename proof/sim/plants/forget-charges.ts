/** Planted: a worker commits one step in twenty without what it takes for it. */
import type { Plant } from "../plant.ts";
import { overlayStore } from "./overlay-store.ts";

const ONE_IN = 20;

export const forgetCharges: Plant = {
  name: "forget-charges",
  wrapStore(store, { process, role }) {
    if (!role.startsWith("worker")) return store;
    return overlayStore(store, {
      commit(step) {
        const isForgotten = step.acks !== undefined && process.random.fraction() < 1 / ONE_IN;
        return store.commit(isForgotten ? { ...step, charges: [] } : step);
      },
    });
  },
};
