/**
 * Planted: of the messages that an edge accepts one by one, one in eight is answered and never written. Requests with a
 * key or with several recipients are left alone: what is left of these would be seen by what is there, too.
 */
import type { Plant } from "../plant.ts";
import { overlayStore } from "./overlay-store.ts";

const ONE_IN = 8;

export const dropMessages: Plant = {
  name: "drop-messages",
  wrapStore(store, { process, role }) {
    if (!role.startsWith("edge")) return store;
    return overlayStore(store, {
      async commit(step) {
        const isLone = step.events?.length === 1 && (step.sendKeys ?? []).length === 0;
        return isLone && process.random.fraction() < 1 / ONE_IN ? { type: "committed" } : store.commit(step);
      },
    });
  },
};
