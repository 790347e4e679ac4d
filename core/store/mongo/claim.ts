/**
 * Claiming in three moves: look for candidates, stamp those still ready with a token nobody else has, read back what
 * carries the token. No findAndModify: it takes one chunk at a time, and as a retryable write it would store an image
 * of every chunk. All times are the set's own (`$$NOW`), so a skewed process can neither stretch nor cut a lease.
 */
import type { Clock } from "#domain/clock.ts";
import type { ChunkId } from "#domain/ids.ts";
import type { Lane } from "#domain/lane.ts";
import type { ClaimOptions, Hold, Lease } from "../store.ts";
import type { ChunkDocument, Collections } from "./documents.ts";

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

/** Served by CLAIM_INDEX: equality on lane, upper bound on at (asserted in claim.int.test.ts). */
export function readyFilter(lanes: readonly string[]) {
  return { lane: { $in: lanes }, $expr: { $lte: ["$at", "$$NOW"] } };
}

export async function claimChunks(
  deps: { readonly collections: Collections; readonly clock: Clock },
  options: ClaimOptions & { readonly token: string },
): Promise<readonly Hold[]> {
  const { chunks } = deps.collections;
  const ids = firstThatFit(await findCandidates(chunks, options.lanes), options.itemsMax);
  if (ids.length === 0) return [];

  const startedAt = deps.clock.monotonic();
  const stillReady = { _id: { $in: ids }, $expr: { $lte: ["$at", "$$NOW"] } };
  const stamped = await chunks.updateMany(stillReady, [stamp(options)], {
    writeConcern: options.markAhead === undefined ? LOCAL : MAJORITY,
  });
  if (stamped.modifiedCount === 0) return [];
  const held = await chunks.find({ _id: { $in: ids }, token: options.token }).toArray();
  held.sort((a, b) => ids.indexOf(a._id) - ids.indexOf(b._id));
  const deadline = startedAt + options.leaseMs * (1 - LEASE_MARGIN);
  return held.map((document) => toHold(document, options.token, deadline));
}

type Candidate = Pick<ChunkDocument, "_id" | "lane" | "count">;

/** In the lanes' order of preference. One look is enough unless there is a backlog, which could hide a lane. */
async function findCandidates(chunks: Collections["chunks"], lanes: readonly Lane[]): Promise<readonly Candidate[]> {
  const look = (some: readonly Lane[]): Promise<Candidate[]> =>
    chunks.find(readyFilter(some) as object, { projection: { count: 1, lane: 1 }, limit: CANDIDATES_MAX }).toArray();
  const found = await look(lanes);
  if (lanes.length === 1) return found;
  if (found.length === CANDIDATES_MAX) return (await Promise.all(lanes.map((lane) => look([lane])))).flat();
  return found.sort((a, b) => lanes.indexOf(a.lane) - lanes.indexOf(b.lane));
}

function firstThatFit(candidates: readonly Candidate[], itemsMax: number): string[] {
  const ids: string[] = [];
  let items = 0;
  for (const { _id, count } of candidates) {
    if (ids.length > 0 && items + count > itemsMax) break;
    ids.push(_id);
    items += count;
  }
  return ids;
}

function stamp(options: ClaimOptions & { readonly token: string }) {
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
  deps: { readonly collections: Collections; readonly clock: Clock },
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
