/** A process stands still, often for longer than a lease; all that came meanwhile comes when it goes on. */
import { between, chance, oneOf } from "../../../seeded-random.ts";
import { reach } from "../../sometimes.ts";
import { type FaultKind, onHost } from "../fault-kind.ts";

interface Pause {
  readonly process: string;
  readonly ms: number;
}

/** As the worker and the connectors have it. */
const LEASE_MS = 15_000;

export const pause: FaultKind<"pause", Pause> = {
  kind: "pause",
  weight: 2,
  plan: (random, { processes }) => ({
    process: oneOf(random, processes),
    ms: chance(random, 0.4) ? between(random, 15_500, 18_000) : between(random, 500, 9_000),
  }),
  cause: (world, { process, ms }) =>
    onHost(world, process, ({ running }) => {
      if (running?.process.state !== "running") return undefined;
      running.process.pause();
      if (ms > LEASE_MS) reach(world.reached, "a process was paused past a lease");
      world.time.after(ms, () => running.process.resume());
      return running.process.name;
    }),
  lastsMs: ({ ms }) => ms,
  hurts: ({ process }) => ({ process }),
};
