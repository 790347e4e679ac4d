/**
 * Claiming: look for candidates, stamp those still ready with a token nobody else has, read what carries the token. One
 * chunk is stamped and read in one go; many small ones are stamped together, which findAndModify cannot do. All times
 * are the set's own (`$$NOW`), so a skewed process can neither stretch nor cut a lease. A tentative claim only reads:
 * it holds chunks by the token that they already carry, which any other claim replaces.
 *
 * What a small step costs is its round of replication, ~2.7 ms of the secondaries' CPU and ~2 of the primary's whatever
 * its size (30 messages, one strand; half of that with 8 strands at once). A stamp is a round of its own, which is why
 * tentative claims exist. mongod's oplogBatchDelayMillis of 3 saved 17 % of it and doubled the latency of a lone step.
 */
import type { Clock } from "#domain/clock.ts";
import type { ChunkId, IdMint } from "#domain/ids.ts";
import type { Lane } from "#domain/lane.ts";
import { createLaneTurns, type LaneTurns } from "../lane-turns.ts";
import type { ClaimOptions, Hold, Lease, Store } from "../store.ts";
import { type ChunkDocument, CLAIM_INDEX, type Collections, OVERDUE_INDEX } from "./documents.ts";
import { createLowWater, type LowWater } from "./low-water.ts";
import type { SetClock } from "./set-clock.ts";

/** Chunks looked at in one claim. 64 small chunks fill a step; more would mostly be left for others. */
const CANDIDATES_MAX = 64;
/**
 * Where segments may leave the platform, a claim that could be rolled back could send them twice; where something takes
 * effect on another set first, money could come out of a chunk that never was; and a majority may not yet have the
 * events that came with a chunk. Anywhere else the step that follows finds out: its acknowledgement is judged by the
 * token, at majority.
 */
const MAJORITY = { w: "majority", journal: true } as const;
const LOCAL = { w: 1, journal: false } as const;
/** The part of a lease that is not relied on: our clock may run slow against the set's, and replies take time. */
const LEASE_MARGIN = 0.1;

interface ClaimDeps {
  readonly collections: Collections;
  readonly clock: Clock;
  readonly setClock: SetClock;
  readonly turns: LaneTurns;
  readonly lowWater: LowWater;
  readonly backlog: Backlog;
  readonly contention: Contention;
}

/** Whether the last look over several lanes was cut off: then one of them may hide the others. */
interface Backlog {
  isDeep: boolean;
}

/** Tentative claims that were lost say that others work here too: then claims are written for this long. */
const CONTENDED_MS = 20_000;

/** Whether others take what we took tentatively. */
interface Contention {
  /** By the monotonic clock. */
  until: number;
}

export interface Claims extends Pick<Store, "claim" | "claimOverdue" | "renew" | "release"> {
  /** The lanes of these on which it has found chunks that are ready; where there are many, not all. */
  look(lanes: readonly Lane[]): Promise<readonly Lane[]>;
  /** To be told of every step that lost a lease. */
  noteLoss(leases: readonly Lease[]): void;
}

/** Rejects with the driver's errors; the caller puts a guard around it. */
export function createClaims(
  given: Pick<ClaimDeps, "collections" | "clock" | "setClock"> & { readonly mint: IdMint },
): Claims {
  const { clock, mint } = given;
  const looks = { turns: createLaneTurns(), lowWater: createLowWater(clock), backlog: { isDeep: false } };
  const deps: ClaimDeps = { ...given, ...looks, contention: { until: 0 } };
  return {
    claim: (options) => claimChunks(deps, { ...options, token: mint.unique() }),
    claimOverdue: (options) => claimOverdueChunks(deps, { ...options, token: mint.unique() }),
    look: async (lanes) => (await look(deps, lanes)).map(({ lane }) => lane),
    renew: async (holds, leaseMs) => (holds.length === 0 ? [] : renewLeases(deps, holds, leaseMs)),
    async release(leases, delayMs) {
      if (leases.length > 0) await releaseLeases(deps.collections, leases, delayMs);
    },
    noteLoss(leases) {
      if (leases.some(({ tentative }) => tentative)) deps.contention.until = clock.monotonic() + CONTENDED_MS;
    },
  };
}

type Stamp = Omit<ClaimOptions, "lanes" | "itemsMax" | "only" | "tentative"> & { readonly token: string };

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

async function claimChunks(
  deps: ClaimDeps,
  options: ClaimOptions & { readonly token: string },
): Promise<readonly Hold[]> {
  const { only, lanes, itemsMax } = options;
  const found = only === undefined ? await findCandidates(deps, lanes) : await findThese(deps, lanes, only);
  const ids = deps.turns.take(found, lanes, itemsMax).map(({ _id }) => _id);
  const isTentative = options.tentative === true && deps.clock.monotonic() >= deps.contention.until;
  return isTentative ? readReady(deps, ids, options) : stampAndRead(deps, ids, options);
}

async function readReady(deps: ClaimDeps, ids: readonly string[], options: Stamp): Promise<readonly Hold[]> {
  if (ids.length === 0) return [];
  const deadline = deps.clock.monotonic() + options.leaseMs * (1 - LEASE_MARGIN);
  const ready = { _id: { $in: [...ids] }, ...IS_READY };
  const found = inOrder(await deps.collections.chunks.find(ready as object).toArray(), ids);
  return found.map((document) => {
    const hold = toHold(document, document.token, deadline);
    const { mark: priorMark } = document;
    const lease = { ...hold.lease, tentative: true } as Lease;
    return { ...hold, lease, deliveries: hold.deliveries + 1, progress: { ...hold.progress, priorMark } };
  });
}

function inOrder(documents: readonly ChunkDocument[], ids: readonly string[]): readonly ChunkDocument[] {
  return documents.toSorted((a, b) => ids.indexOf(a._id) - ids.indexOf(b._id));
}

async function claimOverdueChunks(
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
  const writeConcern = options.markAhead === undefined && options.durable !== true ? LOCAL : MAJORITY;
  const [first] = ids;
  if (first === undefined) return [];
  const ahead = options.markAhead ?? 0;
  if (ids.length === 1) {
    const settings = { writeConcern, returnDocument: "after" } as const;
    const held = await chunks.findOneAndUpdate({ _id: first, ...IS_READY }, [stamp(options, ahead)], settings);
    return held === null ? [] : [toHold(held, options.token, deadline)];
  }
  const stillReady = { _id: { $in: [...ids] }, ...IS_READY };
  const shared = { $min: ["$count", ahead] };
  const stamped = await chunks.updateMany(stillReady, [stamp(options, shared)], { writeConcern });
  if (stamped.modifiedCount === 0) return [];
  const held = await chunks.find({ _id: { $in: [...ids] }, token: options.token }).toArray();
  return inOrder(held, ids).map((document) => toHold(document, options.token, deadline));
}

function stamp(options: Stamp, ahead: number | object) {
  return {
    $set: {
      at: { $add: ["$$NOW", options.leaseMs] },
      token: options.token,
      owner: options.owner,
      deliveries: { $add: ["$deliveries", 1] },
      priorMark: "$mark",
      mark: { $min: ["$positions", { $add: ["$mark", ahead] }] },
    },
  };
}

/** A token of null is that of a chunk which was never claimed, or was released. */
function toHold(document: ChunkDocument, token: string | null, deadline: number): Hold {
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
async function renewLeases(
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

async function releaseLeases(collections: Collections, leases: readonly Lease[], delayMs: number): Promise<void> {
  await collections.chunks.updateMany({ $or: leases.map((lease) => ({ _id: lease.chunk, token: lease.token })) }, [
    { $set: { at: { $add: ["$$NOW", delayMs] }, token: null, owner: null } },
  ]);
}
