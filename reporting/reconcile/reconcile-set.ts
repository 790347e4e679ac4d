/**
 * Makes a restored set whole from PostgreSQL: its lost events come back at their own numbers, what waits although it
 * has gone on is taken off its lane, and what was on its way and is gone is sent again or said to be in doubt, never
 * in silence. Every part may be run again. The set must be marked as restored all along.
 */
import type { EventBatch, NewChunk, Step, Store } from "#core/store/store.ts";
import { toChunks } from "#core/worker/chunks.ts";
import { isEnding, noticeChunks, noticesOf, type Waiting } from "#core/worker/notices.ts";
import type { MessageEvent } from "#domain/event.ts";
import type { AccountId, MessageId, WriterId } from "#domain/ids.ts";
import type { InboxItem } from "#domain/item.ts";
import { lanes } from "#domain/lane.ts";
import { CHUNK_ITEMS_MAX } from "#domain/limits.ts";
import type { Micros } from "#domain/money.ts";
import { arrayLiteral } from "../projector/cell-text.ts";
import { readPositions } from "../projector/checkpoint.ts";
import { findMissing, type MissingBatches } from "../projector/find-missing.ts";
import type { ReportsDatabase } from "../reports-database.ts";
import { judgeAbsent } from "./judge-waiting.ts";
import { putMoneyBack } from "./put-money-back.ts";
import { readLost } from "./read-lost.ts";
import { statesOf, type WalkDeps, type WalkOptions, waitingFor, walkWaiting } from "./walk-waiting.ts";

/** Put back at once: well within the time that one operation on a set may take. */
const BATCHES_AT_ONCE = 50;

/** By how much PostgreSQL is ahead of the set. */
export interface Loss {
  readonly missing: readonly MissingBatches[];
  readonly batches: readonly EventBatch[];
}

export interface Reconciled {
  readonly batchesBack: number;
  /** Of numbers that others have taken since: their events are there, as new ones. */
  readonly batchesMoved: number;
  readonly takenOff: number;
  /** Items that cannot be read, now on lane `dead`. */
  readonly buried: number;
  readonly acceptedAgain: number;
  readonly inDoubt: number;
  /**
   * Chunks that nobody could look at, also because an earlier run put them off. Then nothing was put back yet: the set
   * must stay as it is until a further run, BACK_MS later, has seen all of them.
   */
  readonly unseen: number;
  /** What should have been taken from accounts and was not there any more. */
  readonly owed: ReadonlyMap<AccountId, Micros>;
}

export async function findLoss(store: Store, database: Pick<ReportsDatabase, "run">): Promise<Loss> {
  const positions = await readPositions(database, store.set);
  const missing = await findMissing(store, positions);
  return { missing, batches: missing.length === 0 ? [] : await readLost(database, positions, missing) };
}

/** Throws StoreError and ReportsDatabaseError: run it again then. */
export async function reconcileSet(deps: WalkDeps, database: ReportsDatabase, loss: Loss): Promise<Reconciled> {
  const { store } = deps;
  const events = loss.batches.flatMap((batch) => batch.events);
  const lost = Map.groupBy(events, ({ message }) => message);
  const walked = await walkWaiting({ ...deps, lost });
  const { takenOff, buried, unseen } = walked;
  const nothingYet = { batchesBack: 0, batchesMoved: 0, acceptedAgain: 0, inDoubt: 0, owed: new Map() };
  // What was not looked at may wait there: nobody can say of any message that it waits nowhere.
  if (unseen > 0) return { ...nothingYet, takenOff, buried, unseen };
  const absent = [...lost.keys()].filter((id) => !walked.waiting.has(id));
  const { acceptedAgain, inDoubt } = await settleAbsent({ ...deps, lost }, absent);
  await tellEnds({ ...deps, lost }, events);
  const owed = await putMoneyBack(store, loss.batches, deps.clock.now());
  // Last: while anything is missing, a run that was broken off begins again.
  const moved = await putBack(store, loss.batches);
  const anew = moved.flatMap((batch) => batch.events);
  await commitAll(deps, { events: anew });
  const entries = moved.flatMap((batch) => batch.entries ?? []);
  if (entries.length > 0) await commitSteps(store, [{ entries }]);
  await readAgain(database, store, loss, new Set(moved.map(({ writer }) => writer)));
  return {
    batchesBack: loss.batches.length - moved.length,
    batchesMoved: moved.length,
    takenOff,
    buried,
    acceptedAgain,
    inDoubt,
    unseen,
    owed,
  };
}

/** Returns those whose number another batch has. */
async function putBack(store: Store, batches: readonly EventBatch[]): Promise<readonly EventBatch[]> {
  const moved: EventBatch[] = [];
  for (let i = 0; i < batches.length; i += BATCHES_AT_ONCE) {
    moved.push(...(await store.events.putBack(batches.slice(i, i + BATCHES_AT_ONCE))));
  }
  return moved;
}

/** Writers whose numbers were taken anew are read again from where the set and PostgreSQL agree. */
async function readAgain(
  database: ReportsDatabase,
  store: Store,
  { missing }: Loss,
  writers: ReadonlySet<WriterId>,
): Promise<void> {
  const back = missing.filter(({ writer }) => writers.has(writer));
  if (back.length === 0) return;
  await database.run(
    `UPDATE godwit.checkpoint AS held SET sequence = back.sequence, closed = false
     FROM unnest($2::text[], $3::bigint[]) AS back (writer, sequence)
     WHERE held.set_id = $1 AND held.writer = back.writer`,
    [store.set, arrayLiteral(back.map(({ writer }) => writer)), arrayLiteral(back.map(({ held }) => `${held}`))],
  );
}

async function settleAbsent(deps: WalkOptions, ids: readonly MessageId[]) {
  const state = await statesOf(deps, ids);
  const again: InboxItem[] = [];
  const doubts: MessageEvent[] = [];
  let inDoubt = 0;
  for (const id of ids) {
    const fate = judgeAbsent(id, state(id), deps.clock.now());
    if (fate.type === "accepted_again") again.push(fate.item);
    if (fate.type === "in_doubt") {
      doubts.push(...fate.events);
      inDoubt += 1;
    }
  }
  await commitAll(deps, { events: doubts, items: again, waiting: waitingFor(doubts, state) });
  return { acceptedAgain: again.length, inDoubt };
}

/**
 * Of what the set has lost: what told of it was lost in the same steps, and nobody knows whether it had been told. So
 * it is told once more, before the events are back: a run that breaks off in between tells it again.
 */
async function tellEnds(deps: WalkOptions, lost: readonly MessageEvent[]): Promise<void> {
  const ends = lost.filter(isEnding);
  const states = await statesOf(
    deps,
    ends.map(({ message }) => message),
  );
  const notices = noticesOf(ends, waitingFor(ends, states));
  await commitAll(deps, { chunks: noticeChunks(deps.mint, notices, deps.clock.now()) });
}

interface Additions {
  readonly events?: readonly MessageEvent[];
  readonly items?: readonly InboxItem[];
  readonly chunks?: readonly NewChunk[];
  /** Who is told of the events, in the same steps. */
  readonly waiting?: Waiting;
}

async function commitAll(
  { store, mint, clock }: WalkDeps,
  { events = [], items = [], chunks: given = [], waiting = new Map() }: Additions,
): Promise<void> {
  const byClass = [...Map.groupBy(items, (item) => item.class)];
  const inbox = byClass.flatMap(([messageClass, some]) => toChunks(mint, lanes.inbox(messageClass), some));
  const steps: Step[] = [...inbox, ...given].map((chunk) => ({ chunks: [chunk] }));
  for (let i = 0; i < events.length; i += CHUNK_ITEMS_MAX) {
    const some = events.slice(i, i + CHUNK_ITEMS_MAX);
    steps.push({ events: some, chunks: noticeChunks(mint, noticesOf(some, waiting), clock.now()) });
  }
  await commitSteps(store, steps);
}

async function commitSteps(store: Store, steps: readonly Step[]): Promise<void> {
  for (const step of steps) {
    const result = await store.commit(step);
    if (result.type !== "committed") throw new Error(`Cannot reconcile ${store.set}: ${result.type}. Run it again.`);
  }
}
