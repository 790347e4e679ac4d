/**
 * SIGKILL of the primary of a set that nobody has used for a while: connections and change streams are idle then, and
 * whoever relies on them must notice by itself. Afterwards the set is used again, and the runner sees whether it works.
 */
import { pick } from "#domain/random.ts";
import { between } from "../../seeded-random.ts";
import type { Fault } from "./fault.ts";
import { proveElection, reignOf } from "./primaries.ts";

const IDLE_MS = { from: 6_000, to: 15_000 };
const DOWN_MS = { from: 0, to: 8_000 };
/** What it takes in this time has to become final soon: the runner waits for it. */
const USED_MS = 5_000;

export const killIdlePrimary: Fault = {
  name: "kill-idle-primary",
  available: () => undefined,
  async cause(context) {
    const { stack, load, clock, random } = context;
    const set = pick(
      stack.platform.sets.filter(({ region }) => region !== "syd"),
      random,
    );
    if (set === undefined) throw new Error("This platform has no set far from its edge");
    load.nearOnly(true);
    context.onHeal(() => load.nearOnly(false));
    await clock.sleep(between(random, IDLE_MS.from, IDLE_MS.to));
    const reign = await reignOf(set);
    context.detail({ set: set.name, member: reign.member.index, pid: reign.member.pid });
    context.onHeal(async () => {
      if (!reign.member.alive) await reign.member.restart();
    });
    await reign.member.kill();
    const proof = await proveElection(set, reign);
    // Half the time the set is used again while it has two members only.
    if (random.fraction() < 0.5) load.nearOnly(false);
    await clock.sleep(between(random, DOWN_MS.from, DOWN_MS.to));
    await context.heal();
    await clock.sleep(USED_MS);
    return proof;
  },
};
