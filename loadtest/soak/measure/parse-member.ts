/**
 * What one mongod says of itself (serverStatus with its section `oplog`, and replSetGetStatus) as figures.
 * Pure; written for MongoDB 6 to 8, and a section that a version lacks is left out.
 */
import type { SampleValues } from "./sample-source.ts";

/** A document as the driver gives it, numbers as numbers. */
export type Answer = Readonly<Record<string, unknown>>;

const OPCOUNTERS = ["insert", "query", "update", "delete", "getmore", "command"] as const;
/** Reasons for which a member calls an election; `called` of each is summed. */
const ELECTION_REASONS = [
  "stepUpCmd",
  "priorityTakeover",
  "catchUpTakeover",
  "electionTimeout",
  "freezeTimeout",
] as const;
const MS_AN_HOUR = 3_600_000;
const PRIMARY = 1;

/**
 * Sums: `ops.*`, `connections.created`, `elections`, `evicted.app` pages, `flow.lagged` times, `flow.waitedMs`,
 * `pageFaults`. Levels: `connections`, `cache.used|dirty` per cent, `tickets.read|write` in use and `.free`, `queued`
 * operations, `flow.isLagged` 0 or 1, `oplogHours`, and `rollbackId`, which each rollback raises.
 * Members begin their sums anew when they are started.
 */
export function parseServerStatus(status: Answer): SampleValues {
  const number = (...path: readonly string[]): number => numberAt(status, path);
  const cacheMax = number("wiredTiger", "cache", "maximum bytes configured");
  const cache = (name: string): number => (number("wiredTiger", "cache", name) / cacheMax) * 100;
  const elections = ELECTION_REASONS.map((reason) => number("electionMetrics", reason, "called"));
  const values = {
    ...Object.fromEntries(OPCOUNTERS.map((name) => [`ops.${name}`, number("opcounters", name)])),
    connections: number("connections", "current"),
    "connections.created": number("connections", "totalCreated"),
    "cache.used": cache("bytes currently in the cache"),
    "cache.dirty": cache("tracked dirty bytes in the cache"),
    "evicted.app": number("wiredTiger", "cache", "pages evicted by application threads"),
    ...parseTickets(status),
    queued: number("globalLock", "currentQueue", "total"),
    "flow.isLagged": valueAt(status, ["flowControl", "isLagged"]) === true ? 1 : 0,
    "flow.lagged": number("flowControl", "isLaggedCount"),
    "flow.waitedMs": number("flowControl", "timeAcquiringMicros") / 1_000,
    elections: elections.reduce((sum, called) => sum + called, 0),
    pageFaults: number("extra_info", "page_faults"),
    oplogHours: oplogHours(status),
    rollbackId: number("repl", "rbid"),
  };
  return Object.fromEntries(Object.entries(values).filter(([, value]) => Number.isFinite(value)));
}

/** Since 7.0 under `queues.execution`, before that under `wiredTiger.concurrentTransactions`. */
function parseTickets(status: Answer): SampleValues {
  const places = [
    ["queues", "execution"],
    ["wiredTiger", "concurrentTransactions"],
  ];
  const place = places.find((path) => valueAt(status, [...path, "write"]) !== undefined) ?? [];
  const values = (["read", "write"] as const).flatMap((kind) => [
    [`tickets.${kind}`, numberAt(status, [...place, kind, "out"])] as const,
    [`tickets.${kind}.free`, numberAt(status, [...place, kind, "available"])] as const,
  ]);
  return Object.fromEntries(values);
}

/** From the oldest entry that is still there to the newest: how long a member may be away and still catch up. */
function oplogHours(status: Answer): number {
  const seconds = (name: string): number => numberAt(status, ["oplog", name, "t"]);
  return ((seconds("latestOptime") - seconds("earliestOptime")) * 1_000) / MS_AN_HOUR;
}

/**
 * `state` (1 primary, 2 secondary, 8 down, …) and `lagMs` of the member itself, by its own view of the set: how much
 * later the primary's newest applied operation was written than its own. No lag without a primary in view.
 */
export function parseSetStatus(status: Answer): SampleValues {
  const members = (status.members ?? []) as readonly Answer[];
  const own = members.find(({ self }) => self === true);
  const primary = members.find(({ state }) => state === PRIMARY);
  const state = Number(own?.state ?? status.myState);
  if (own === undefined || primary === undefined) return Number.isFinite(state) ? { state } : {};
  const lagMs = Math.max(0, appliedAt(primary) - appliedAt(own));
  return Number.isFinite(lagMs) ? { state, lagMs } : { state };
}

/** By wall time, to the millisecond; `optimeDate` knows whole seconds. */
function appliedAt(member: Answer): number {
  const time = member.lastAppliedWallTime ?? member.optimeDate;
  return time instanceof Date ? time.getTime() : Number.NaN;
}

function valueAt(document: unknown, path: readonly string[]): unknown {
  let value = document;
  for (const name of path) value = (value as Answer | null | undefined)?.[name];
  return value;
}

/** NaN where there is none. */
function numberAt(document: unknown, path: readonly string[]): number {
  const value = valueAt(document, path);
  return typeof value === "number" || typeof value === "bigint" ? Number(value) : Number.NaN;
}
