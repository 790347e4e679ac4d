/** An operator drains a set, and takes it up again. */
import type { SetId } from "#domain/ids.ts";
import { between, oneOf } from "../../../seeded-random.ts";
import type { FaultKind } from "../fault-kind.ts";

interface Drain {
  readonly set: SetId;
  readonly ms: number;
}

export const drain: FaultKind<"drain", Drain> = {
  kind: "drain",
  weight: 1,
  plan: (random, { sets }) => ({ set: oneOf(random, sets), ms: between(random, 1_500, 8_000) }),
  cause(world, { set, ms }) {
    world.changeState(set, "drain");
    world.time.after(ms, () => world.changeState(set, "up"));
    return set;
  },
  lastsMs: ({ ms }) => ms,
  hurts: ({ set }) => ({ set }),
};
