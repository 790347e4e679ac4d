/** Planted: a connector takes a step of which nobody knows for one that failed, and says its answers again. */
import type { Plant } from "../plant.ts";
import { overlayStore } from "./overlay-store.ts";

export const sayInDoubtAgain: Plant = {
  name: "say-in-doubt-again",
  wrapStore(store, { role }) {
    if (!role.startsWith("connector")) return store;
    return overlayStore(store, {
      async commit(step) {
        const result = await store.commit(step);
        return result.type === "unknown" ? { ...result, settle: async () => "failed" } : result;
      },
    });
  },
};
