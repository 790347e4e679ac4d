/** A set's secondaries stop replicating: its majority writes hang, and its majority reads stand still. */
import type { SetId } from "#domain/ids.ts";
import { between, chance, oneOf } from "../../../seeded-random.ts";
import { type FaultKind, onSet } from "../fault-kind.ts";

interface Stall {
  readonly set: SetId;
  readonly ms: number;
}

export const stall: FaultKind<"stall", Stall> = {
  kind: "stall",
  weight: 2,
  plan: (random, { sets }) => ({
    set: oneOf(random, sets),
    // A step is asked for 12 s and voided for 3: only then is its outcome left unknown.
    ms: chance(random, 0.4) ? between(random, 16_000, 21_000) : between(random, 300, 9_000),
  }),
  cause: (world, { set, ms }) =>
    onSet(world, set, ({ replica }) => {
      replica.stallReplication();
      world.time.after(ms, () => replica.resumeReplication());
      return set;
    }),
  lastsMs: ({ ms }) => ms,
  hurts: ({ set }) => ({ set }),
};
