/** Planted: one read in eight of the projector leaves out the first batch that it found, and goes on after it. */
import type { Plant } from "../plant.ts";
import { overlayStore } from "./overlay-store.ts";

const ONE_IN = 8;

export const readBeyondGap: Plant = {
  name: "read-beyond-gap",
  wrapStore(store, { process, role }) {
    if (!role.startsWith("projector")) return store;
    const read: typeof store.events.read = async (...asked) => {
      const batches = await store.events.read(...asked);
      const isFollowed = batches[0]?.writer === batches[1]?.writer;
      return isFollowed && process.random.fraction() < 1 / ONE_IN ? batches.slice(1) : batches;
    };
    return overlayStore(store, { events: { ...store.events, read } });
  },
};
