/** Planted: money that came from another set is not known by its id, so that what is carried twice counts twice. */
import type { Plant } from "../plant.ts";
import { overlayStore } from "./overlay-store.ts";

export const landTwice: Plant = {
  name: "land-twice",
  wrapStore(store, { role }) {
    if (!role.startsWith("worker")) return store;
    return overlayStore(store, {
      commit({ sendKeys, ...step }) {
        const kept = sendKeys?.filter(({ forever }) => forever !== true) ?? [];
        return store.commit(kept.length > 0 ? { ...step, sendKeys: kept } : step);
      },
    });
  },
};
