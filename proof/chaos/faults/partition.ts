/**
 * The network falls apart around a set's primary: from everybody, from its peers only (clients go on to believe in it),
 * in one direction only, or between one process and the whole set.
 */
import { z } from "zod";
import { pick } from "#domain/random.ts";
import { between } from "../../seeded-random.ts";
import { memberEnd } from "../network/member-network.ts";
import type { Fault, FaultContext, Proof } from "./fault.ts";
import { pickSet, proveElection, reignOf } from "./primaries.ts";

const HELD_MS = { from: 1_000, to: 12_000 };
const LOOK_EVERY_MS = 200;
const ASK_MS_MAX = 5_000;

/** Which ways are cut: `[from, to]` ends, for a primary, its peers and the processes of roles. */
type Cut = (ends: {
  readonly primary: string;
  readonly peers: readonly string[];
  readonly roles: readonly string[];
}) => readonly (readonly [from: string, to: string])[];

const both = (a: string, b: string): readonly (readonly [string, string])[] => [
  [a, b],
  [b, a],
];

const PARTITIONS: Readonly<Record<string, Cut>> = {
  partition: ({ primary, peers, roles }) => [...peers, ...roles].flatMap((end) => both(primary, end)),
  "partition-peers": ({ primary, peers }) => peers.flatMap((peer) => both(primary, peer)),
  "partition-one-way-out": ({ primary, peers }) => peers.map((peer) => [primary, peer] as const),
  "partition-one-way-in": ({ primary, peers }) => peers.map((peer) => [peer, primary] as const),
};

export const partitionFaults: readonly Fault[] = [
  ...Object.entries(PARTITIONS).map(
    ([name, cut]): Fault => ({ name, available, cause: (context) => isolatePrimary(context, cut) }),
  ),
  { name: "partition-role", available, cause: isolateRole },
];

function available(): string | undefined {
  return process.platform === "linux" ? undefined : "only Linux tells which process has connected to a proxy";
}

async function isolatePrimary(context: FaultContext, cut: Cut): Promise<Proof> {
  const { stack, clock, random } = context;
  const set = pickSet(context);
  const reign = await reignOf(set);
  const primary = memberEnd(set.name, reign.member.index);
  const peers = set.members.map(({ index }) => memberEnd(set.name, index)).filter((end) => end !== primary);
  context.detail({ set: set.name, member: reign.member.index });
  context.onHeal(() => stack.network.heal());
  for (const [from, to] of cut({ primary, peers, roles: [...stack.roles.keys()] })) stack.network.hold(from, to);
  const proof = await proveElection(set, reign);
  await clock.sleep(between(random, HELD_MS.from, HELD_MS.to));
  return proof;
}

/** One process sees nothing of a set that is whole for the others. */
async function isolateRole(context: FaultContext): Promise<Proof> {
  const { stack, clock, random } = context;
  const set = pickSet(context);
  const name = pick(["edge", "worker", "worker-2", "connectors", "connectors-2", "projector"], random) ?? "";
  context.detail({ set: set.name, process: name });
  context.onHeal(() => stack.network.heal());
  for (const { index } of set.members) {
    stack.network.hold(name, memberEnd(set.name, index));
    stack.network.hold(memberEnd(set.name, index), name);
  }
  const until = clock.monotonic() + between(random, HELD_MS.from, HELD_MS.to) + HELD_MS.to;
  let seenAway = false;
  while (clock.monotonic() < until) {
    seenAway ||= await saysAway(stack.role(name).url, set.name);
    await clock.sleep(LOOK_EVERY_MS);
  }
  return { happened: seenAway, evidence: `${name} said of ${set.name} that it is ${seenAway ? "away" : "there"}` };
}

/** Roles tell of the sets among their parts, the edge in a list. */
const readinessSchema = z.object({
  parts: z.record(z.string(), z.boolean()).default({}),
  sets: z.array(z.object({ set: z.string(), ready: z.boolean() })).default([]),
});

/** True when the process at this address says that the set does not answer it. */
async function saysAway(url: string, set: string): Promise<boolean> {
  try {
    const response = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(ASK_MS_MAX), keepalive: false });
    const { parts, sets } = readinessSchema.parse(await response.json());
    return (
      [set, `set ${set}`].some((part) => parts[part] === false) ||
      sets.some((listed) => listed.set === set && !listed.ready)
    );
  } catch {
    return false;
  }
}
