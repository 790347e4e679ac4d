/** The wall clock of a process, or that of a whole set, is suddenly another. */
import type { SetId } from "#domain/ids.ts";
import type { Random } from "#domain/random.ts";
import { between, chance, oneOf } from "../../../seeded-random.ts";
import { type FaultKind, onHost, onSet } from "../fault-kind.ts";

interface Jump {
  readonly process: string;
  readonly byMs: number;
}

interface SetJump {
  readonly set: SetId;
  readonly byMs: number;
}

function jumpMs(random: Random): number {
  const ms = chance(random, 0.3) ? between(random, 5_000, 30_000) : between(random, 50, 2_000);
  return chance(random, 0.5) ? ms : -ms;
}

export const jump: FaultKind<"jump", Jump> = {
  kind: "jump",
  weight: 1,
  plan: (random, { processes }) => ({ process: oneOf(random, processes), byMs: jumpMs(random) }),
  cause: (world, { process, byMs }) =>
    onHost(world, process, ({ running }) => {
      running?.process.jumpClock(byMs);
      return running?.process.name;
    }),
  lastsMs: () => 0,
  // Leases and stamps go by the sets' clocks, and by the monotonic one.
  hurts: () => ({}),
};

export const jumpSet: FaultKind<"jump_set", SetJump> = {
  kind: "jump_set",
  weight: 1,
  plan: (random, { sets }) => ({ set: oneOf(random, sets), byMs: jumpMs(random) }),
  cause: (world, { set, byMs }) =>
    onSet(world, set, ({ node }) => {
      node.jumpClock(byMs);
      return set;
    }),
  lastsMs: () => 0,
  hurts: ({ set, byMs }) => ({ set, unheard: true, endsLeases: byMs > 0 }),
};
