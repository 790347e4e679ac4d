/**
 * Claiming: look for candidates, stamp those still ready with a token nobody else has, read what carries the token. One
 * chunk is stamped and read in one go; many small ones are stamped together, which findAndModify cannot do. All times
 * are the set's own (`$$NOW`), so a skewed process can neither stretch nor cut a lease.
 */
import type { Clock } from "#domain/clock.ts";
import type { ChunkId } from "#domain/ids.ts";
import type { Lane } from "#domain/lane.ts";
import type { LaneTurns } from "../lane-turns.ts";
import type { ClaimOptions, Hold, Lease, Store } from "../store.ts";
import { type ChunkDocument, CLAIM_INDEX, type Collections, OVERDUE_INDEX } from "./documents.ts";
import type { LowWater } from "./low-water.ts";
import type { SetClock } from "./set-clock.ts";

/** Chunks looked at in one claim. 64 small chunks fill a step; more would mostly be left for others. */
const CANDIDATES_MAX = 64;
/**
 * Where segments may leave the platform, a claim that could be rolled back could send them twice. Anywhere else the
 * step that follows finds out: its acknowledgement is judged by the token, at majority.
 */
const MAJORITY = { w: "majority", journal: true } as const;
const LOCAL = { w: 1, journal: false } as const;
/** The part of a lease that is not relied on: our clock may run slow against the set's, and replies take time. */
const LEASE_MARGIN = 0.1;

export interface ClaimDeps {
  readonly collections: Collections;
  readonly clock: Clock;
  readonly setClock: SetClock;
  readonly turns: LaneTurns;
  readonly lowWater: LowWater;
  readonly backlog: Backlog;
}

/** Whether the last look over several lanes was cut off: then one of them may hide the others. */
export interface Backlog {
  isDeep: boolean;
}

type Stamp = Omit<ClaimOptions, "lanes" | "itemsMax" | "only"> & { readonly token: string };

const IS_READY = { $expr: { $lte: ["$at", "$$NOW"] } };

/**
 * Candidates by our idea of the set's clock: served by CLAIM_INDEX and covered by it (query-plans.int.test.ts), which a
 * comparison with `$$NOW` would not be. Whether they are ready is decided by the stamp, on the set.
 */
export function candidateFilter(lanes: readonly Lane[], setNow: number, from?: number) {
  const since = from === undefined ? {} : { $gte: new Date(from) };
  return { lane: { $in: [...lanes] }, at: { $lte: new Date(setNow), ...since } };
}

/** Served by OVERDUE_INDEX. */
export const overdueFilter = {
  actBy: { $gt: new Date(0) },
  $expr: { $and: [{ $lte: ["$actBy", "$$NOW"] }, { $lte: ["$at", "$$NOW"] }] },
};

export async function claimChunks(
  deps: ClaimDeps,
  options: ClaimOptions & { readonly token: string },
): Promise<readonly Hold[]> {
  const { only, lanes, itemsMax } = options;
  const found = only === undefined ? await findCandidates(deps, lanes) : await findThese(deps, lanes, only);
  const taken = deps.turns.take(found, lanes, itemsMax);
  return stampAndRead(
    deps,
    taken.map(({ _id }) => _id),
    options,
  );
}

export async function claimOverdueChunks(
  deps: ClaimDeps,
  options: Parameters<Store["claimOverdue"]>[0] & { readonly token: string },
): Promise<readonly Hold[]> {
  const found = await deps.collections.chunks
    .find(overdueFilter as object, { projection: { count: 1 }, limit: CANDIDATES_MAX, hint: OVERDUE_INDEX })
    .toArray();
  let items = 0;
  const fit = found.filter(({ count }, i) => {
    items += count;
    return i === 0 || items <= options.itemsMax;
  });
  // Marks are durable facts: what is decided about segments beyond them must stand on a majority.
  const stamp = { ...options, markAhead: 0 };
  return stampAndRead(
    deps,
    fit.map(({ _id }) => _id),
    stamp,
  );
}

type Candidate = Pick<ChunkDocument, "_id" | "lane" | "count" | "at">;
/** Nothing but what CLAIM_INDEX holds. */
export const CANDIDATE = {
  projection: { lane: 1, at: 1, count: 1, _id: 1 },
  limit: CANDIDATES_MAX,
  hint: CLAIM_INDEX,
} as const;

/** One look is enough unless there is a backlog, which could hide a lane. */
async function findCandidates(deps: ClaimDeps, lanes: readonly Lane[]): Promise<readonly Candidate[]> {
  const { backlog } = deps;
  const wasDeep = backlog.isDeep;
  if (lanes.length === 1 || !wasDeep) {
    const found = await look(deps, lanes);
    backlog.isDeep = found.length === CANDIDATES_MAX;
    if (lanes.length === 1 || !backlog.isDeep) return found;
  }
  const byLane = await Promise.all(lanes.map((lane) => look(deps, [lane])));
  backlog.isDeep = byLane.some((found) => found.length === CANDIDATES_MAX);
  return byLane.flat();
}

async function look(deps: ClaimDeps, lanes: readonly Lane[]): Promise<readonly Candidate[]> {
  const { collections, lowWater, setClock } = deps;
  const marks = lanes.map((lane) => lowWater.from(lane));
  const known = marks.flatMap((mark) => mark ?? []);
  const from = known.length < lanes.length ? undefined : Math.min(...known);
  await setClock.ready();
  const setNow = setClock.now();
  const found: Candidate[] = await collections.chunks.find(candidateFilter(lanes, setNow, from), CANDIDATE).toArray();
  // Cut off, it says nothing about lanes that come later.
  if (found.length < CANDIDATES_MAX || lanes.length === 1) {
    for (const lane of lanes) {
      lowWater.saw(lane, found.find((candidate) => candidate.lane === lane)?.at.getTime() ?? setNow);
    }
  }
  return found;
}

async function findThese(
  { collections }: ClaimDeps,
  lanes: readonly Lane[],
  only: readonly ChunkId[],
): Promise<readonly Candidate[]> {
  const filter = { _id: { $in: [...only] }, lane: { $in: [...lanes] }, ...IS_READY };
  return collections.chunks.find(filter, { projection: { lane: 1, at: 1, count: 1 }, limit: CANDIDATES_MAX }).toArray();
}

async function stampAndRead(deps: ClaimDeps, ids: readonly string[], options: Stamp): Promise<readonly Hold[]> {
  const { chunks } = deps.collections;
  const startedAt = deps.clock.monotonic();
  const deadline = startedAt + options.leaseMs * (1 - LEASE_MARGIN);
  const writeConcern = options.markAhead === undefined ? LOCAL : MAJORITY;
  const [first] = ids;
  if (first === undefined) return [];
  if (ids.length === 1) {
    const settings = { writeConcern, returnDocument: "after" } as const;
    const held = await chunks.findOneAndUpdate({ _id: first, ...IS_READY }, [stamp(options)], settings);
    return held === null ? [] : [toHold(held, options.token, deadline)];
  }
  const stillReady = { _id: { $in: [...ids] }, ...IS_READY };
  const stamped = await chunks.updateMany(stillReady, [stamp(options)], { writeConcern });
  if (stamped.modifiedCount === 0) return [];
  const held = await chunks.find({ _id: { $in: [...ids] }, token: options.token }).toArray();
  held.sort((a, b) => ids.indexOf(a._id) - ids.indexOf(b._id));
  return held.map((document) => toHold(document, options.token, deadline));
}

function stamp(options: Stamp) {
  return {
    $set: {
      at: { $add: ["$$NOW", options.leaseMs] },
      token: options.token,
      owner: options.owner,
      deliveries: { $add: ["$deliveries", 1] },
      priorMark: "$mark",
      mark: { $min: ["$positions", { $add: ["$mark", options.markAhead ?? 0] }] },
    },
  };
}

function toHold(document: ChunkDocument, token: string, deadline: number): Hold {
  const { positions, mark, priorMark, settledTo, settledBeyond } = document;
  return {
    lease: { chunk: document._id as ChunkId, token } as Lease,
    lane: document.lane,
    items: JSON.parse(document.items) as unknown[],
    deliveries: document.deliveries,
    deadline,
    enqueuedAt: document.enqueuedAt.getTime(),
    progress: { positions, mark, priorMark, settledTo, settledBeyond },
  };
}

/** Our holds with leases running from now; those that were lost are left out. */
export async function renewLeases(
  deps: Pick<ClaimDeps, "collections" | "clock">,
  holds: readonly Hold[],
  leaseMs: number,
): Promise<readonly Hold[]> {
  const { chunks } = deps.collections;
  const mine = { $or: holds.map(({ lease }) => ({ _id: lease.chunk, token: lease.token })) };
  const startedAt = deps.clock.monotonic();
  const renewed = await chunks.updateMany(mine, [{ $set: { at: { $add: ["$$NOW", leaseMs] } } }]);
  const deadline = startedAt + leaseMs * (1 - LEASE_MARGIN);
  if (renewed.matchedCount === holds.length) return holds.map((hold) => ({ ...hold, deadline }));
  // By chunk and token: a caller may hold an old lease and the new one of the same chunk.
  const still = await chunks.find(mine, { projection: { token: 1 } }).toArray();
  const isStill = ({ lease }: Hold): boolean =>
    still.some(({ _id, token }) => _id === lease.chunk && token === lease.token);
  return holds.filter(isStill).map((hold) => ({ ...hold, deadline }));
}

export async function releaseLeases(
  collections: Collections,
  leases: readonly Lease[],
  delayMs: number,
): Promise<void> {
  await collections.chunks.updateMany({ $or: leases.map((lease) => ({ _id: lease.chunk, token: lease.token })) }, [
    { $set: { at: { $add: ["$$NOW", delayMs] }, token: null, owner: null } },
  ]);
}
