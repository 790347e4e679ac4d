/** A process dies at some await of its own, and another life of it begins later. */
import { between, chance, oneOf } from "../../../seeded-random.ts";
import { reach } from "../../sometimes.ts";
import { type FaultKind, onHost } from "../fault-kind.ts";

interface Kill {
  readonly process: string;
  /** It dies in place of its n-th timer or answer from then on. */
  readonly afterDeliveries: number;
  readonly downMs: number;
}

export const kill: FaultKind<"kill", Kill> = {
  kind: "kill",
  weight: 4,
  plan: (random, { processes }) => ({
    process: oneOf(random, processes),
    afterDeliveries: between(random, 1, chance(random, 0.5) ? 40 : 400),
    downMs: between(random, 200, 4_000),
  }),
  cause: (world, { process, afterDeliveries, downMs }) =>
    onHost(world, process, (host) => {
      const { running } = host;
      if (running === undefined) return undefined;
      running.process.onDeath(() => {
        reach(world.reached, "a process was killed at a delivery");
        if (host.name.startsWith("projector")) reach(world.reached, "a projector was killed");
        world.time.after(downMs, () => host.start());
      });
      running.process.killAfter(afterDeliveries);
      return `${running.process.name} at its delivery ${afterDeliveries} from now`;
    }),
  lastsMs: ({ downMs }) => downMs,
  hurts: ({ process }) => ({ process }),
};
