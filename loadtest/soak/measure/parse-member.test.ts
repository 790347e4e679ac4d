import { expect, test } from "bun:test";
import { Timestamp } from "mongodb";
import { parseServerStatus, parseSetStatus } from "./parse-member.ts";

/** As a primary of MongoDB 6.0.5 said it, sections that are not read left out. */
const STATUS_6 = {
  opcounters: { insert: 3, query: 39, update: 2, delete: 0, getmore: 40, command: 218 },
  connections: { current: 8, available: 15_992, totalCreated: 69, active: 3, threaded: 8 },
  electionMetrics: {
    stepUpCmd: { called: 0, successful: 0 },
    priorityTakeover: { called: 0, successful: 0 },
    catchUpTakeover: { called: 0, successful: 0 },
    electionTimeout: { called: 1, successful: 1 },
    freezeTimeout: { called: 0, successful: 0 },
    numStepDownsCausedByHigherTerm: 0,
    averageCatchUpOps: 0,
  },
  flowControl: { enabled: true, timeAcquiringMicros: 42_000, isLagged: false, isLaggedCount: 2, isLaggedTimeMicros: 9 },
  extra_info: { note: "fields vary by platform", page_faults: 7 },
  globalLock: { currentQueue: { total: 1, readers: 1, writers: 0 } },
  repl: { setName: "syd1", rbid: 1 },
  oplog: {
    latestOptime: new Timestamp({ t: 1_795_423_903, i: 13 }),
    earliestOptime: new Timestamp({ t: 1_795_423_900, i: 1 }),
  },
  wiredTiger: {
    cache: {
      "maximum bytes configured": 268_435_456,
      "bytes currently in the cache": 134_217_728,
      "tracked dirty bytes in the cache": 2_684_354.56,
      "pages evicted by application threads": 4,
    },
    concurrentTransactions: {
      write: { out: 1, available: 127, totalTickets: 128 },
      read: { out: 0, available: 128, totalTickets: 128 },
    },
  },
};

test("parseServerStatus() reads what a member of version 6 says", () => {
  expect(parseServerStatus(STATUS_6)).toEqual({
    "ops.insert": 3,
    "ops.query": 39,
    "ops.update": 2,
    "ops.delete": 0,
    "ops.getmore": 40,
    "ops.command": 218,
    connections: 8,
    "connections.created": 69,
    "cache.used": 50,
    "cache.dirty": 1,
    "evicted.app": 4,
    "tickets.read": 0,
    "tickets.read.free": 128,
    "tickets.write": 1,
    "tickets.write.free": 127,
    queued: 1,
    "flow.isLagged": 0,
    "flow.lagged": 2,
    "flow.waitedMs": 42,
    elections: 1,
    pageFaults: 7,
    oplogHours: 3 / 3_600,
    rollbackId: 1,
  });
});

test("tickets are found where newer versions keep them, and a section that is missing is left out", () => {
  const execution = { write: { out: 3, available: 5 }, read: { out: 0, available: 8 } };
  const values = parseServerStatus({ ...STATUS_6, queues: { execution }, wiredTiger: {}, oplog: undefined });
  expect(values).toMatchObject({ "tickets.write": 3, "tickets.write.free": 5 });
  for (const name of ["cache.used", "oplogHours"]) expect(values).not.toHaveProperty([name]);
});

test("parseSetStatus() tells a member's lag behind the primary, and none without one in view", () => {
  const member = (state: number, ms: number, more: object = {}) => {
    return { state, lastAppliedWallTime: new Date(ms), optimeDate: new Date(0), ...more };
  };
  const ask = (...members: readonly object[]) => parseSetStatus({ members, myState: 2 });
  expect(ask(member(1, 9_500), member(2, 8_250, { self: true }))).toEqual({ state: 2, lagMs: 1_250 });
  expect(ask(member(1, 9_500, { self: true }), member(2, 8_250))).toEqual({ state: 1, lagMs: 0 });
  expect(ask(member(2, 9_500, { self: true }), member(8, 0))).toEqual({ state: 2 });
  expect(parseSetStatus({ myState: 5 })).toEqual({ state: 5 });
});
