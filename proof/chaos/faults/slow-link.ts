/** The members of a set are far from each other and from everybody: each way takes a good while longer. */

import { between } from "../../seeded-random.ts";
import { memberEnd } from "../network/member-network.ts";
import type { Fault } from "./fault.ts";

const DELAY_MS = { from: 60, to: 250 };
const SLOW_MS = 10_000;
const BEFORE_MS = 5_000;

export const slowLink: Fault = {
  name: "slow-link",
  available: () => (process.platform === "linux" ? undefined : "only Linux tells which process has connected"),
  async cause(context) {
    const { stack, load, clock, random } = context;
    // The edge's own set: that is where requests without a key go, so that it shows.
    const set = stack.set("syd1");
    const delayMs = between(random, DELAY_MS.from, DELAY_MS.to);
    context.detail({ set: set.name, delayMs });
    const members = set.members.map(({ index }) => memberEnd(set.name, index));
    const before = { ms: load.medianSendMs(clock.monotonic() - BEFORE_MS), bytes: stack.network.delayedBytes };
    context.onHeal(() => stack.network.heal());
    for (const member of members) {
      for (const end of [...members, ...stack.roles.keys()]) {
        if (end === member) continue;
        stack.network.delay(member, end, delayMs);
        stack.network.delay(end, member, delayMs);
      }
    }
    await clock.sleep(SLOW_MS);
    const after = { ms: load.medianSendMs(clock.monotonic() - SLOW_MS / 2), bytes: stack.network.delayedBytes };
    const [was, is] = [before, after].map(({ ms }) => (ms === undefined ? "too few" : `${Math.round(ms)} ms`));
    const bytes = after.bytes - before.bytes;
    // On a machine that is busy with other things the times alone would say nothing.
    return {
      happened: bytes > 0,
      evidence: `${bytes} bytes came ${delayMs} ms late; a 202 took ${is} instead of ${was}`,
    };
  },
};
