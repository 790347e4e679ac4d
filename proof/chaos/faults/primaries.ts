/** Which set a fault strikes, and whether another member took over. */
import { pick } from "#domain/random.ts";
import { askHello } from "#testkit/hello.ts";
import type { Member } from "#testkit/member.ts";
import type { ReplicaSet } from "#testkit/replica-set.ts";
import { until } from "#testkit/until.ts";
import type { FaultContext, Proof } from "./fault.ts";

const ELECTION_BOUND_MS = 60_000;

export function pickSet({ stack, random }: FaultContext<unknown>): ReplicaSet {
  const set = pick(stack.platform.sets, random);
  if (set === undefined) throw new Error("This platform has no sets");
  return set;
}

export interface Reign {
  readonly member: Member;
  /** Grows with each election. */
  readonly electionId: string;
}

export async function reignOf(set: ReplicaSet): Promise<Reign> {
  const member = await set.primary();
  return { member, electionId: (await askHello(member.port))?.electionId ?? "" };
}

/** Waits for a later election than the one that `before` won. */
export async function proveElection(set: ReplicaSet, before: Reign): Promise<Proof> {
  const next = await until("another primary", ELECTION_BOUND_MS, async () => {
    const reign = await reignOf(set).catch(() => undefined);
    return reign !== undefined && reign.electionId > before.electionId ? reign : undefined;
  }).catch(() => undefined);
  if (next === undefined) return { happened: false, evidence: `${set.name}: ${before.member.index} stayed primary` };
  const [was, is] = [before.member.index, next.member.index];
  return { happened: true, evidence: `${set.name}: primary ${is} instead of ${was}, election ${next.electionId}` };
}
