/** Planted: the sets say that nobody has opted out; to all who ask, or to those of one role. */
import type { Plant } from "../plant.ts";
import { overlayStore } from "./overlay-store.ts";

const forgetFor = (name: string, prefix: string): Plant => ({
  name,
  wrapStore: (store, { role }) =>
    role.startsWith(prefix) ? overlayStore(store, { optedOut: async () => new Set() }) : store,
});

export const forgetOptOuts = forgetFor("forget-opt-outs", "");
/** What was routed before its STOP goes out after it. */
export const forgetOptOutsAtSubmit = forgetFor("forget-opt-outs-at-submit", "connector");
/** What comes after a STOP is billed, and then not sent. */
export const forgetOptOutsAtRoute = forgetFor("forget-opt-outs-at-route", "worker");
