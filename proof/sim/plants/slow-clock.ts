/** Planted: connectors' clocks run slow by more than the tenth of a lease that nobody relies on. */
import type { Plant } from "../plant.ts";

const RATE = 0.7;

export const slowClock: Plant = {
  name: "slow-clock",
  clockRate: (role) => (role.startsWith("connector") ? RATE : undefined),
};
