/**
 * Planted: money that came from another set is not known by its id there; and one answer in four to a worker that has
 * landed some is lost, so that it is carried again.
 */
import { StoreError } from "#core/store/store.ts";
import type { Plant } from "../plant.ts";
import { overlayStore } from "./overlay-store.ts";

const LOST_ONE_IN = 4;

export const landTwice: Plant = {
  name: "land-twice",
  wrapStore(store, { process, role }) {
    if (!role.startsWith("worker")) return store;
    return overlayStore(store, {
      async commit({ sendKeys = [], ...step }) {
        const isLanding = sendKeys.some(({ forever }) => forever);
        const result = await store.commit(isLanding ? step : { ...step, sendKeys });
        if (!isLanding || process.random.fraction() > 1 / LOST_ONE_IN) return result;
        return { type: "failed", error: new StoreError("store_timeout", "planted", { retryable: true }) };
      },
    });
  },
};
