/** The way from one process to one set loses requests or answers, or lets them come when nobody waits any more. */
import type { SetId } from "#domain/ids.ts";
import { between, oneOf } from "../../../seeded-random.ts";
import { type WireFault, wireFaults } from "../../sim-wire.ts";
import { type FaultKind, onHost } from "../fault-kind.ts";

interface BadWire {
  readonly process: string;
  readonly set: SetId;
  readonly fault: WireFault;
  readonly ms: number;
}

export const wire: FaultKind<"wire", BadWire> = {
  kind: "wire",
  weight: 3,
  plan: (random, { processes, sets }) => ({
    process: oneOf(random, processes),
    set: oneOf(random, sets),
    fault: oneOf(random, wireFaults),
    ms: between(random, 200, 12_000),
  }),
  cause: (world, { process, set, fault, ms }) =>
    onHost(world, process, ({ links }) => {
      const link = links.get(set);
      link?.break(fault, world.time.now);
      world.time.after(ms, () => link?.mend());
      return link === undefined ? undefined : `${process} to ${set}: ${fault}`;
    }),
  lastsMs: ({ ms }) => ms,
  hurts: ({ process, set }) => ({ way: { process, set } }),
};
