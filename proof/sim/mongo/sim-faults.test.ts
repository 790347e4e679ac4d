/** What the simulated set itself promises when it breaks, by a clock of its own: what a real one would do. */

import { expect, test } from "bun:test";
import { type Document, type Long, MongoError, MongoNetworkError, MongoServerSelectionError } from "mongodb";
import { createSimReplicaSet, type SimReplicaSet, type SimReplicaSetOptions } from "./sim-replica-set.ts";
import { createTestClock } from "./testing/test-clock.ts";
import { createPerfectWire, type Wire } from "./wire.ts";

interface Note extends Document {
  readonly _id: string;
  readonly n?: number;
  readonly keys?: readonly string[];
}

/** What came of a promise so far. */
function watch<T>(promise: Promise<T>) {
  const seen: { value?: T; error?: unknown; isSettled: boolean } = { isSettled: false };
  promise.then(
    (value) => Object.assign(seen, { value, isSettled: true }),
    (error: unknown) => Object.assign(seen, { error, isSettled: true }),
  );
  return seen;
}

function openSet(over: Partial<SimReplicaSetOptions> = {}) {
  const time = createTestClock();
  const random = { fraction: () => 0.5, bytes: (count: number) => new Uint8Array(count) };
  const set = createSimReplicaSet({
    name: "syd1",
    clock: time.clock,
    random,
    replicationMs: { min: 10, max: 10 },
    ...over,
  });
  return { ...time, set, ...connect(set) };
}

function connect(set: SimReplicaSet, wire: Wire = createPerfectWire()) {
  const client = set.connect(wire);
  return { wire, client, notes: client.db("sim").collection<Note>("notes") };
}

const W1 = { writeConcern: { w: 1 } } as const;
const MAJORITY = { readConcern: { level: "majority" } } as const;
const ELECTION = { how: "killed", awayMs: 3_000, survives: 0 } as const;
const ids = (set: SimReplicaSet): unknown[] => set.committed("notes").map(({ _id }) => _id);

function labels(error: unknown): readonly string[] {
  const all = ["TransientTransactionError", "UnknownTransactionCommitResult", "RetryableWriteError"];
  return error instanceof MongoError ? all.filter((label) => error.hasErrorLabel(label)) : [];
}

test("a majority write answers when a majority has it, a write with w: 1 at once", async () => {
  const { set, notes, pass } = openSet();
  const [slow, fast] = [watch(notes.insertOne({ _id: "a" })), watch(notes.insertOne({ _id: "b" }, W1))];
  await pass(5);
  expect([slow.isSettled, fast.isSettled]).toEqual([false, true]);
  const [local, majority] = [watch(notes.find({}).toArray()), watch(notes.find({}, MAJORITY).toArray())];
  await pass(0);
  expect([local.value?.length, majority.value?.length, set.committed("notes").length]).toEqual([2, 0, 0]);
  await pass(30);
  expect(slow.isSettled).toBe(true);
  expect(ids(set)).toEqual(["a", "b"]);
});

test("a write with w: 1 is rolled back by an election; one that answered at majority never is", async () => {
  const { set, notes, pass } = openSet();
  const kept = watch(notes.insertOne({ _id: "kept" }));
  await pass(30);
  expect(kept.isSettled).toBe(true);
  const lost = watch(notes.insertOne({ _id: "lost" }, W1));
  const changed = watch(notes.updateOne({ _id: "kept" }, { $set: { n: 1 } }, W1));
  await pass(0);
  expect([lost.isSettled, changed.isSettled]).toEqual([true, true]);
  expect(set.elect(ELECTION)).toEqual({ happened: true, survived: 0, rolledBack: 2, abortedTransactions: 0 });
  await pass(3_100);
  const found = watch(notes.find({}).toArray());
  await pass(0);
  expect(found.value).toEqual([{ _id: "kept" }]);
});

test("of the writes that no majority had, a prefix survives an election", async () => {
  const { set, notes, pass } = openSet();
  await pass(30);
  for (const _id of ["a", "b", "c", "d"]) watch(notes.insertOne({ _id }));
  await pass(0);
  expect(set.elect({ ...ELECTION, survives: 0.5 })).toMatchObject({ survived: 2, rolledBack: 2 });
  await pass(3_100);
  expect(ids(set)).toEqual(["a", "b"]);
});

test("an election breaks what is under way, new requests wait 2 s for a primary", async () => {
  const { set, notes, pass } = openSet();
  await pass(30);
  const inFlight = watch(notes.insertOne({ _id: "a" }));
  await pass(0);
  set.elect(ELECTION);
  const early = watch(notes.insertOne({ _id: "b" }));
  expect(set.elect(ELECTION).happened).toBe(false);
  await pass(1_500);
  const late = watch(notes.insertOne({ _id: "c" }));
  expect(inFlight.error).toBeInstanceOf(MongoNetworkError);
  await pass(1_000);
  expect(early.error).toBeInstanceOf(MongoServerSelectionError);
  await pass(1_000);
  expect(late.isSettled && late.error === undefined).toBe(true);
  expect(ids(set)).toEqual(["c"]);
});

test("a primary that steps down says of a write that waits that it may have been done", async () => {
  const { set, notes, pass } = openSet();
  await pass(30);
  const inFlight = watch(notes.insertOne({ _id: "a" }));
  await pass(0);
  set.elect({ ...ELECTION, how: "stepped_down", survives: 1 });
  await pass(3_100);
  expect(inFlight.error).toMatchObject({ name: "MongoWriteConcernError", code: 11_602 });
  expect(ids(set)).toEqual(["a"]);
});

test("who has not heard of a step-down is told that nothing was done; a transaction may be tried again", async () => {
  const { set, client, notes, pass } = openSet();
  const session = client.startSession();
  session.startTransaction();
  watch(notes.insertOne({ _id: "a" }, { session }));
  await pass(0);
  set.elect({ ...ELECTION, how: "stepped_down" });
  const [alone, inside] = [watch(notes.insertOne({ _id: "b" })), watch(notes.insertOne({ _id: "c" }, { session }))];
  await pass(0);
  expect(alone.error).toMatchObject({ code: 10_107 });
  expect(inside.error).toMatchObject({ code: 10_107 });
  expect([labels(alone.error), labels(inside.error)]).toEqual([[], ["TransientTransactionError"]]);
  await pass(1_500);
  const heard = watch(notes.insertOne({ _id: "d" }));
  await pass(1_600);
  expect(heard.isSettled && heard.error === undefined).toBe(true);
  expect(ids(set)).toEqual(["d"]);
});

test("a set under load conflicts with itself: the transaction is over, what is outside of one goes on", async () => {
  const troubles: string[] = [];
  const { set, client, notes, pass } = openSet({ conflictShare: 1, onTrouble: (what) => troubles.push(what) });
  const session = client.startSession();
  session.startTransaction();
  const inside = watch(notes.insertOne({ _id: "a" }, { session }));
  watch(notes.insertOne({ _id: "b" }));
  await pass(30);
  const commit = watch(session.commitTransaction());
  await pass(30);
  expect([inside.error, commit.error].map(labels)).toEqual([
    ["TransientTransactionError"],
    ["TransientTransactionError"],
  ]);
  expect([ids(set), troubles]).toEqual([["b"], ["conflict"]]);
});

test("a transaction is seen whole, when it is committed; others conflict", async () => {
  const { client, notes, pass } = openSet();
  watch(notes.insertOne({ _id: "a", n: 0 }));
  await pass(30);
  const [one, other] = [client.startSession(), client.startSession()];
  one.startTransaction();
  other.startTransaction();
  const first = watch(notes.updateOne({ _id: "a" }, { $inc: { n: 1 } }, { session: one }));
  watch(notes.insertOne({ _id: "b" }, { session: one }));
  await pass(0);
  expect(first.value?.matchedCount).toBe(1);
  const second = watch(notes.updateOne({ _id: "a" }, { $inc: { n: 1 } }, { session: other }));
  const outside = watch(notes.updateOne({ _id: "a" }, { $set: { n: 10 } }));
  const seen = watch(notes.find({}).toArray());
  await pass(0);
  expect(second.error).toMatchObject({ code: 112 });
  expect(labels(second.error)).toEqual(["TransientTransactionError"]);
  expect(seen.value).toEqual([{ _id: "a", n: 0 }]);
  expect(outside.isSettled).toBe(false);
  const committed = watch(one.commitTransaction());
  await pass(60);
  expect(committed).toEqual({ isSettled: true, value: undefined });
  const after = watch(notes.find({}).toArray());
  await pass(0);
  expect(after.value).toEqual([{ _id: "a", n: 10 }, { _id: "b" }]);
  await other.abortTransaction();
});

test("a document that was written after a transaction's snapshot is a conflict too", async () => {
  const { client, notes, pass } = openSet();
  watch(notes.insertOne({ _id: "a" }));
  await pass(30);
  const session = client.startSession();
  session.startTransaction();
  watch(notes.insertOne({ _id: "own" }, { session }));
  await pass(0);
  watch(notes.insertOne({ _id: "b" }));
  await pass(30);
  const late = watch(notes.insertOne({ _id: "b" }, { session }));
  await pass(0);
  expect(late.error).toMatchObject({ code: 112 });
  await session.abortTransaction();
  session.startTransaction();
  const again = watch(notes.insertOne({ _id: "b" }, { session }));
  await pass(0);
  expect(again.error).toMatchObject({ code: 11_000 });
  expect(String(again.error)).toContain("collection: sim.notes");
  expect(labels(again.error)).toEqual([]);
});

test("keys of a unique index are taken once, also by transactions that are open", async () => {
  const { client, pass } = openSet();
  const keyed = client.db("sim").collection<Note>("send_keys");
  const session = client.startSession();
  session.startTransaction();
  watch(keyed.insertOne({ _id: "1", keys: ["x", "y"] }, { session }));
  await pass(0);
  const waiting = watch(keyed.insertOne({ _id: "2", keys: ["y"] }));
  const other = client.startSession();
  other.startTransaction();
  const conflict = watch(keyed.insertOne({ _id: "3", keys: ["x"] }, { session: other }));
  await pass(0);
  expect(conflict.error).toMatchObject({ code: 112 });
  expect(waiting.isSettled).toBe(false);
  watch(session.commitTransaction());
  await pass(60);
  expect(waiting.error).toMatchObject({ code: 11_000 });
});

test("a transaction is aborted after 5 s of the set's time and gives back what it held", async () => {
  const { client, notes, pass } = openSet();
  const session = client.startSession();
  session.startTransaction();
  watch(notes.insertOne({ _id: "a" }, { session }));
  await pass(0);
  const waiting = watch(notes.insertOne({ _id: "a", n: 2 }));
  await pass(4_900);
  expect(waiting.isSettled).toBe(false);
  await pass(200);
  expect(waiting.isSettled && waiting.error === undefined).toBe(true);
  const commit = watch(session.commitTransaction());
  await pass(30);
  expect(commit.error).toMatchObject({ code: 251 });
  expect(labels(commit.error)).toEqual(["TransientTransactionError"]);
});

for (const survives of [0, 1]) {
  test(`a commit that an election interrupts is repeated: ${survives ? "it landed" : "it is gone"}`, async () => {
    const { set, client, notes, pass } = openSet();
    await pass(30);
    const session = client.startSession();
    session.startTransaction();
    watch(notes.insertOne({ _id: "a" }, { session }));
    await pass(0);
    const commit = watch(session.commitTransaction());
    await pass(0);
    set.elect({ ...ELECTION, awayMs: 1_000, survives });
    await pass(1_100);
    expect(commit.isSettled).toBe(true);
    if (survives === 0) expect(commit.error).toMatchObject({ code: 251 });
    else expect(commit.error).toBeUndefined();
    expect(ids(set)).toEqual(survives === 0 ? [] : ["a"]);
  });
}

test("a commit whose answers are lost is unknown, and lands all the same", async () => {
  const { set, pass } = openSet();
  let loses = false;
  const wire: Wire = {
    async call(serve) {
      const answer = await serve();
      if (loses) throw new MongoNetworkError("the answer was lost");
      return answer;
    },
  };
  const { client, notes } = connect(set, wire);
  const session = client.startSession();
  session.startTransaction();
  watch(notes.insertOne({ _id: "a" }, { session }));
  await pass(0);
  loses = true;
  const commit = watch(session.commitTransaction());
  await pass(60);
  expect(labels(commit.error)).toEqual(["UnknownTransactionCommitResult", "RetryableWriteError"]);
  expect(session.inTransaction()).toBe(false);
  expect(ids(set)).toEqual(["a"]);
});

test("a transaction that an election aborted is no more, and says so", async () => {
  const { set, client, notes, pass } = openSet();
  const session = client.startSession();
  session.startTransaction();
  watch(notes.insertOne({ _id: "a" }, { session }));
  await pass(0);
  expect(set.elect({ ...ELECTION, awayMs: 100, survives: 1 }).abortedTransactions).toBe(1);
  await pass(200);
  const next = watch(notes.insertOne({ _id: "b" }, { session }));
  await pass(0);
  expect(next.error).toMatchObject({ code: 251 });
  expect(set.committed("notes")).toEqual([]);
});

test("a primary without its majority still takes w: 1; all of it is thrown away", async () => {
  const { set, pass, ...old } = openSet();
  const fresh = connect(set);
  watch(fresh.notes.insertOne({ _id: "before" }));
  await pass(30);
  expect(set.isolatePrimary({ stays: (wire) => wire === old.wire, awayMs: 1_000, survives: 1 }).happened).toBe(true);
  const [local, majority] = [watch(old.notes.insertOne({ _id: "x" }, W1)), watch(old.notes.insertOne({ _id: "y" }))];
  const ping = watch(old.notes.findOne({}, { readConcern: { level: "linearizable" }, maxTimeMS: 1_500 }));
  await pass(1_600);
  const stale = watch(old.notes.find({}).toArray());
  const written = watch(fresh.notes.insertOne({ _id: "after" }));
  await pass(30);
  expect(local).toMatchObject({ isSettled: true, value: { insertedId: "x" } });
  expect(majority.isSettled).toBe(false);
  expect(ping.error).toMatchObject({ code: 50 });
  expect(stale.value?.map(({ _id }) => _id)).toEqual(["before", "x", "y"]);
  expect(written.error).toBeUndefined();
  expect(ids(set)).toEqual(["after", "before"]);
  // The linearizable read wrote an entry too.
  expect(set.heal()).toEqual({ thrownAway: 3 });
  await pass(0);
  expect(majority.error).toMatchObject({ code: 11_602 });
  const healed = watch(old.notes.find({}).toArray());
  await pass(0);
  expect(healed.value?.map(({ _id }) => _id)).toEqual(["after", "before"]);
});

test("while replication stalls majority writes hang; then they come through", async () => {
  const { set, notes, pass } = openSet();
  set.stallReplication();
  const write = watch(notes.insertOne({ _id: "a" }));
  await pass(60_000);
  expect(write.isSettled).toBe(false);
  set.resumeReplication();
  await pass(30);
  expect(write.isSettled && write.error === undefined).toBe(true);
  expect(ids(set)).toEqual(["a"]);
});

test("planted: a set that acknowledges before a majority has it loses what it acknowledged", async () => {
  const { set, notes, pass } = openSet({ acknowledgesEarly: () => true });
  const write = watch(notes.insertOne({ _id: "a" }));
  await pass(0);
  expect(write.isSettled && write.error === undefined).toBe(true);
  set.elect(ELECTION);
  await pass(3_100);
  expect(ids(set)).toEqual([]);
});

test("the set's clock may jump: $$NOW goes with it, waiting does not", async () => {
  const { clock, notes, pass, jump } = openSet();
  watch(notes.insertOne({ _id: "a" }, W1));
  jump(-3_600_000);
  watch(notes.updateOne({ _id: "a" }, [{ $set: { at: { $add: ["$$NOW", 5] } } }], W1));
  await pass(0);
  const found = watch(notes.findOne({ _id: "a" }));
  await pass(0);
  expect(found.value).toEqual({ _id: "a", at: new Date(clock.now() + 5) });
});

test("a change stream tells of inserts on a majority, says nothing in time, and dies with its primary", async () => {
  const { set, client, notes, pass } = openSet();
  const db = client.db("sim");
  const pipeline = [
    { $changeStream: {} },
    { $match: { operationType: "insert" } },
    { $project: { _id: 1, n: "$fullDocument.n" } },
  ];
  const opened = watch(db.command({ aggregate: "notes", pipeline, cursor: { batchSize: 0 } }));
  await pass(30);
  const id: Long = opened.value?.cursor.id;
  const more = () => watch(db.command({ getMore: id, collection: "notes", batchSize: 10, maxTimeMS: 4_000 }));
  const [first] = [more()];
  watch(notes.insertOne({ _id: "a", n: 7 }, W1));
  await pass(5);
  expect(first.isSettled).toBe(false);
  await pass(30);
  expect(first.value?.cursor.nextBatch).toMatchObject([{ n: 7 }]);
  const silent = more();
  await pass(4_000);
  expect(silent.value?.cursor.nextBatch).toEqual([]);
  const broken = more();
  await pass(0);
  set.elect({ ...ELECTION, awayMs: 100 });
  await pass(200);
  expect(broken.error).toBeInstanceOf(MongoNetworkError);
  const gone = more();
  await pass(0);
  expect(gone.error).toMatchObject({ code: 43 });
});
