/** Planted: what edges write is acknowledged before it is replicated, as with a write concern of 1. */
import type { Plant } from "../plant.ts";

export const acknowledgeEarly: Plant = {
  name: "acknowledge-early",
  acknowledgesEarly: (role) => role.startsWith("edge"),
};
