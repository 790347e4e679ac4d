/**
 * Workers on a prefilled lane: each a loop on a store of its own with a slot of the account's credit of its own, as so
 * many processes would be. Afterwards every message must stand on the provider's lane once or still wait, every event
 * must be there, and the balances must have moved by what was billed.
 */
import { allotmentId } from "#core/store/charge.ts";
import type { Store } from "#core/store/store.ts";
import type { Micros } from "#domain/money.ts";
import { measureRate, type Rate } from "./measure-rate.ts";
import { ACCOUNT, createMessages } from "./messages.ts";
import { type Processed, processOnce, SUBMIT_LANE } from "./process-step.ts";
import { fillLane } from "./receive.ts";
import type { BenchDatabase, QueueRig } from "./rig.ts";
import { commit, LANE, readChunksInto } from "./send.ts";
import { createTally, type Tally } from "./tally.ts";

/** More than any measurement can bill. */
const CREDIT_MICROS = 10n ** 15n;
/** `routed` and `billed`. */
const EVENTS_PER_MESSAGE = 2;

export interface WorkerPlan {
  readonly workers: number;
  /** Of the chunks that wait, and of a claim. */
  readonly chunkItems: number;
  /** Messages waiting at the start: more than can be processed in the time. */
  readonly waiting: number;
  readonly seconds?: number;
  /**
   * Claims as core/worker does where no other works on the lane: read, not written; the step is judged by its token.
   */
  readonly tentative?: boolean;
}

export async function runWorkers(rig: QueueRig, plan: WorkerPlan): Promise<Rate> {
  await using database = await rig.openDatabase();
  const filler = await database.openStore();
  const messages = createMessages();
  const { waiting: count, chunkItems, tentative = false } = plan;
  await fillLane(rig, filler, messages, { count, chunkItems });
  const stores = await Promise.all(Array.from({ length: plan.workers }, () => database.openStore({ writers: 1 })));
  const account = await openCredit(filler, plan.workers);
  const tally = createTally();
  for (let index = 0; index < messages.count; index++) tally.sent(index);
  let processed = 0;
  const rate = await measureRate(rig, {
    loops: plan.workers,
    ...(plan.seconds === undefined ? {} : { seconds: plan.seconds }),
    async body(slot) {
      const store = stores[slot];
      if (store === undefined || processed >= messages.count) return undefined;
      const done = await processOnce(store, { lanes: [LANE], itemsMax: chunkItems, slot, tentative });
      if (done === undefined) return 0;
      processed += done.items.length;
      account.charged(slot, done);
      return done.items.length;
    },
  });
  await verifyWork(rig, { database, store: filler, tally, processed });
  await account.verify(rig);
  return rate;
}

/** The account's credit in slots, and what was taken of each. */
export interface CreditCheck {
  charged(slot: number, done: Processed): void;
  /** Each slot has moved by exactly that. */
  verify(rig: QueueRig): Promise<void>;
}

export async function openCredit(store: Store, slots: number): Promise<CreditCheck> {
  const ids = Array.from({ length: slots }, (_, slot) => allotmentId(ACCOUNT, slot));
  await commit(store, { charges: ids.map((allotment) => ({ allotment, micros: -CREDIT_MICROS as Micros })) });
  const taken = ids.map(() => 0n);
  return {
    charged(slot, { chargedMicros }) {
      taken[slot] = (taken[slot] ?? 0n) + chargedMicros;
    },
    async verify(rig) {
      const balances = await store.balances(ids);
      for (const [slot, id] of ids.entries()) {
        const wanted = CREDIT_MICROS - (taken[slot] ?? 0n);
        if (balances.get(id) !== wanted) rig.fail(`step: slot ${slot} holds ${balances.get(id)} and not ${wanted}`);
      }
    },
  };
}

/** `processed` messages are on the provider's lane, the others wait, and each of the former has its events. */
async function verifyWork(
  rig: QueueRig,
  work: { readonly database: BenchDatabase; readonly store: Store; readonly tally: Tally; readonly processed: number },
): Promise<void> {
  const { database, store, tally, processed } = work;
  await readChunksInto(tally, database);
  for (const failure of tally.failures()) rig.fail(`step: ${failure}`);
  const forwarded = (await store.depth()).get(SUBMIT_LANE)?.items ?? 0;
  if (forwarded !== processed) rig.fail(`step: ${forwarded} messages forwarded of ${processed} processed`);
  const events = await countEvents(database);
  const wanted = processed * EVENTS_PER_MESSAGE;
  if (events !== wanted) rig.fail(`step: ${events} events of ${wanted}`);
}

/** All events of the log, counted from the batches themselves, in the collections of all months. */
export async function countEvents(database: BenchDatabase): Promise<number> {
  const db = (await database.openClient()).db(database.name);
  let count = 0;
  for await (const { name } of db.listCollections({ name: /^events/ }, { nameOnly: true })) {
    const batches = db.collection<{ readonly events: string }>(name);
    for await (const { events } of batches.find({}, { projection: { events: 1 } })) {
      count += (JSON.parse(events) as readonly unknown[]).length;
    }
  }
  return count;
}
