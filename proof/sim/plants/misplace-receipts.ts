/**
 * Planted: of submits with one provider id a worker finds the oldest on each set; or it takes every submit for one of
 * just now, and so the one on the set where it reads the receipt.
 */
import type { SubmittedSegment } from "#core/store/store.ts";
import type { Plant, PlantedAt } from "../plant.ts";
import { overlayStore } from "./overlay-store.ts";

type Change = (submits: readonly SubmittedSegment[], at: PlantedAt) => readonly SubmittedSegment[];

const changeSubmits = (name: string, change: Change): Plant => ({
  name,
  wrapStore(store, at) {
    if (!at.role.startsWith("worker")) return store;
    const findSubmitted: typeof store.events.findSubmitted = async (...asked) => {
      const found = await store.events.findSubmitted(...asked);
      return new Map([...found].map(([id, submits]) => [id, change(submits, at)] as const));
    };
    return overlayStore(store, { events: { ...store.events, findSubmitted } });
  },
});

/** Where an old one and a new one are on one set. */
export const findOldSubmits = changeSubmits("find-old-submits", (submits) => submits.slice(-1));

export const believeOldSubmits = changeSubmits("believe-old-submits", (submits, { process }) =>
  submits.map((submit) => ({ ...submit, at: process.clock.now() })),
);
