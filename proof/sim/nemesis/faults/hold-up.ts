/** A connector is paused past its lease with a segment in its hands, between taking it and writing it. */
import { between, oneOf } from "../../../seeded-random.ts";
import { type FaultKind, onHost } from "../fault-kind.ts";

interface HoldUp {
  readonly process: string;
  readonly ms: number;
}

/** It begins with the next segment, if one comes within this. */
const ARMED_MS = 4_000;

export const holdUp: FaultKind<"hold_up", HoldUp> = {
  kind: "hold_up",
  weight: 1,
  plan: (random, { connectors }) => ({ process: oneOf(random, connectors), ms: between(random, 15_500, 18_000) }),
  cause: (world, { process, ms }) =>
    onHost(world, process, ({ running }) => {
      running?.connector?.holdUpNext(ms, ARMED_MS);
      return running?.connector === undefined ? undefined : running.process.name;
    }),
  lastsMs: ({ ms }) => ARMED_MS + ms,
  hurts: ({ process }) => ({ process }),
};
