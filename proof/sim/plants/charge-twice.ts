/** Planted: a worker bills a message in twenty a second time, in the same step. */
import type { MessageEvent } from "#domain/event.ts";
import type { Plant } from "../plant.ts";
import { overlayStore } from "./overlay-store.ts";

const ONE_IN = 20;

export const chargeTwice: Plant = {
  name: "charge-twice",
  wrapStore(store, { process, role }) {
    if (!role.startsWith("worker")) return store;
    const doubled = (event: MessageEvent): readonly MessageEvent[] =>
      event.type === "billed" && process.random.fraction() < 1 / ONE_IN ? [event, event] : [event];
    return overlayStore(store, {
      commit: (step) => store.commit({ ...step, events: (step.events ?? []).flatMap(doubled) }),
    });
  },
};
