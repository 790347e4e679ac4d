/** SIGKILL of a set's primary; it is started again after the election. */
import { between } from "../../seeded-random.ts";
import type { Fault } from "./fault.ts";
import { pickSet, proveElection, reignOf } from "./primaries.ts";

const DOWN_MS = { from: 0, to: 5_000 };

export const killPrimary: Fault<unknown> = {
  name: "kill-primary",
  available: () => undefined,
  async cause(context) {
    const set = pickSet(context);
    const reign = await reignOf(set);
    context.detail({ set: set.name, member: reign.member.index, pid: reign.member.pid });
    context.onHeal(async () => {
      if (!reign.member.alive) await reign.member.restart();
    });
    await reign.member.kill();
    const proof = await proveElection(set, reign);
    await context.clock.sleep(between(context.random, DOWN_MS.from, DOWN_MS.to));
    return proof;
  },
};
