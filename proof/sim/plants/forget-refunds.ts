/** Planted: of what may have to be given back nothing reaches the workers. */
import { lanes } from "#domain/lane.ts";
import type { Plant } from "../plant.ts";
import { overlayStore } from "./overlay-store.ts";

export const forgetRefunds: Plant = {
  name: "forget-refunds",
  wrapStore: (store) =>
    overlayStore(store, {
      commit: ({ chunks = [], ...step }) =>
        store.commit({ ...step, chunks: chunks.filter(({ lane }) => lane !== lanes.refunds) }),
    }),
};
