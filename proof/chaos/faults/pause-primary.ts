/** SIGSTOP of a set's primary for longer than an election takes: it wakes up and believes that it still is one. */
import { between } from "../../seeded-random.ts";
import type { Fault } from "./fault.ts";
import { pickSet, proveElection, reignOf } from "./primaries.ts";

const PAUSED_MS = { from: 500, to: 10_000 };

export const pausePrimary: Fault = {
  name: "pause-primary",
  available: () => undefined,
  async cause(context) {
    const set = pickSet(context);
    const reign = await reignOf(set);
    context.detail({ set: set.name, member: reign.member.index, pid: reign.member.pid });
    context.onHeal(() => reign.member.signal("SIGCONT"));
    reign.member.signal("SIGSTOP");
    const proof = await proveElection(set, reign);
    await context.clock.sleep(between(context.random, PAUSED_MS.from, PAUSED_MS.to));
    return proof;
  },
};
