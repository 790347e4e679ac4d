/** Planted: a connector takes a chunk's mark to be at its end, whatever the set says. */
import type { Hold } from "#core/store/store.ts";
import type { Plant } from "../plant.ts";
import { overlayStore } from "./overlay-store.ts";

export const submitBeyondMark: Plant = {
  name: "submit-beyond-mark",
  wrapStore(store, { role }) {
    if (!role.startsWith("connector")) return store;
    const raised = (hold: Hold): Hold => ({ ...hold, progress: { ...hold.progress, mark: hold.progress.positions } });
    return overlayStore(store, { claim: async (claim) => (await store.claim(claim)).map(raised) });
  },
};
