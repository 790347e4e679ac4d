/** A set loses its primary; the next one has some of what no majority had, and the rest is rolled back. */
import type { SetId } from "#domain/ids.ts";
import { between, chance, oneOf } from "../../../seeded-random.ts";
import { reach } from "../../sometimes.ts";
import { type FaultKind, onSet } from "../fault-kind.ts";

interface Elect {
  readonly set: SetId;
  readonly how: "killed" | "stepped_down";
  readonly awayMs: number;
  readonly survives: number;
}

export const elect: FaultKind<"elect", Elect> = {
  kind: "elect",
  weight: 3,
  plan: (random, { sets }) => ({
    set: oneOf(random, sets),
    how: oneOf(random, ["killed", "stepped_down"] as const),
    awayMs: chance(random, 0.15) ? between(random, 10_000, 16_000) : between(random, 300, 4_000),
    survives: random.fraction(),
  }),
  cause: (world, { set, how, awayMs, survives }) =>
    onSet(world, set, ({ replica }) => {
      const effect = replica.elect({ how, awayMs, survives });
      reach(world.reached, "a write of our own was rolled back", effect.rolledBack);
      return effect.happened ? JSON.stringify(effect) : undefined;
    }),
  lastsMs: ({ awayMs }) => awayMs,
  hurts: ({ set }) => ({ set }),
};
