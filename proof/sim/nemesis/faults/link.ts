/** A connector's bind breaks, with whatever is in flight, and is made again. */
import { between, oneOf } from "../../../seeded-random.ts";
import { type FaultKind, onHost } from "../fault-kind.ts";

interface LostLink {
  readonly process: string;
  readonly ms: number;
}

export const link: FaultKind<"link", LostLink> = {
  kind: "link",
  weight: 2,
  plan: (random, { connectors }) => ({ process: oneOf(random, connectors), ms: between(random, 100, 7_000) }),
  cause: (world, { process, ms }) =>
    onHost(world, process, ({ running }) => {
      running?.connector?.drop(ms);
      return running?.connector === undefined ? undefined : running.process.name;
    }),
  lastsMs: ({ ms }) => ms,
  hurts: ({ process }) => ({ process }),
};
