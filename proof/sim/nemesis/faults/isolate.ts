/** A primary is cut off from the others, who elect another; some processes go on talking to it for a while. */
import type { SetId } from "#domain/ids.ts";
import { between, chance, oneOf } from "../../../seeded-random.ts";
import type { SimHost } from "../../sim-host.ts";
import { reach } from "../../sometimes.ts";
import { type FaultKind, onSet } from "../fault-kind.ts";

interface Isolate {
  readonly set: SetId;
  /** Processes that go on talking to the old primary. */
  readonly stays: readonly string[];
  readonly awayMs: number;
  readonly survives: number;
  readonly ms: number;
}

export const isolate: FaultKind<"isolate", Isolate> = {
  kind: "isolate",
  weight: 2,
  plan: (random, { sets, processes }) => ({
    set: oneOf(random, sets),
    stays: processes.filter(() => chance(random, 0.4)),
    awayMs: between(random, 500, 4_000),
    survives: random.fraction(),
    ms: between(random, 2_000, 9_000),
  }),
  cause: (world, { set, stays, awayMs, survives, ms }) =>
    onSet(world, set, ({ replica }) => {
      const owners = world.hosts.filter(({ name }) => stays.includes(name));
      const staysWith = { stays: (wire: Parameters<SimHost["owns"]>[0]) => owners.some((host) => host.owns(wire)) };
      const effect = replica.isolatePrimary({ awayMs, survives, ...staysWith });
      if (!effect.happened) return undefined;
      reach(world.reached, "a write of our own was rolled back", effect.rolledBack);
      world.time.after(ms, () => {
        if (replica.heal().thrownAway > 0) reach(world.reached, "a stale primary threw writes away");
      });
      return JSON.stringify(effect);
    }),
  lastsMs: ({ ms, awayMs }) => Math.max(ms, awayMs),
  hurts: ({ set }) => ({ set, isStale: true }),
};
