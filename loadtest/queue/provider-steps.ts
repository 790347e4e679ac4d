/**
 * The steps of a connector and of the worker that reads receipts: `submitted` events as the provider answers, with the
 * send mark raised and the settled positions recorded; and receipts made durable, then taken into the log.
 */
import type { Hold, Store } from "#core/store/store.ts";
import { systemClock } from "#domain/clock.ts";
import type { MessageEvent } from "#domain/event.ts";
import type { MessageId } from "#domain/ids.ts";
import type { InboxItem, ReceiptItem } from "#domain/item.ts";
import { lanes } from "#domain/lane.ts";
import { CHUNK_ITEMS_MAX, SEND_MARK_AHEAD_MAX } from "#domain/limits.ts";
import { measureRate, type Rate } from "./measure-rate.ts";
import { createMessages } from "./messages.ts";
import { PROVIDER, SUBMIT_LANE } from "./process-step.ts";
import { mint, type QueueRig, SET } from "./rig.ts";
import { commit } from "./send.ts";
import { countEvents } from "./workers.ts";

export interface ProviderLoad {
  /** Messages in a step. */
  readonly batch: number;
  readonly inFlight: number;
  readonly seconds: number;
}

const LEASE_MS = 120_000;
/** Claimed in turn and settled bit by bit: more than can be settled in the time. */
const SUBMIT_CHUNKS_PER_SECOND = 80;
const WARM_UP_S = 1;
/** One segment each: a message is then a position and a submit. */
const ONE_SEGMENT_CHARS = 150;

/** Holds of 512 messages, settled by steps of `batch`: the send mark and the `submitted` events; the last one acks. */
export async function settleSubmits(rig: QueueRig, load: ProviderLoad): Promise<Rate> {
  await using database = await rig.openDatabase();
  const store = await database.openStore();
  const messages = createMessages({ textChars: ONE_SEGMENT_CHARS });
  const chunks = Math.ceil(SUBMIT_CHUNKS_PER_SECOND * (load.seconds + WARM_UP_S));
  for (let i = 0; i < chunks; i++) {
    const items = messages.take(CHUNK_ITEMS_MAX).map((item) => ({ ...item, provider: PROVIDER, attempt: 1, tries: 0 }));
    await commit(store, {
      chunks: [{ id: mint.chunkId(), lane: SUBMIT_LANE, items, positions: CHUNK_ITEMS_MAX }],
    });
  }
  const hands = Array.from({ length: load.inFlight }, (): Hand => ({ hold: undefined, settledTo: 0 }));
  let settled = 0;
  const rate = await measureRate(rig, {
    loops: load.inFlight,
    seconds: load.seconds,
    async body(loop) {
      const hand = hands[loop];
      if (hand === undefined) return undefined;
      const done = await settleSome(store, hand, load.batch);
      settled += done ?? 0;
      return done;
    },
  });
  const events = await countEvents(database);
  if (events !== settled) rig.fail(`submit settle: ${events} events of ${settled}`);
  const left = (await store.depth()).get(SUBMIT_LANE)?.items ?? 0;
  const held = hands.reduce((sum, { hold, settledTo }) => sum + (hold === undefined ? 0 : settledTo), 0);
  if (left !== messages.count - settled + held) {
    rig.fail(`submit settle: ${left} messages wait of ${messages.count - settled + held}`);
  }
  return rate;
}

/** What one bind is at. */
interface Hand {
  hold: Hold | undefined;
  settledTo: number;
}

async function settleSome(store: Store, hand: Hand, batch: number): Promise<number | undefined> {
  if (hand.hold === undefined) {
    const claim = { lanes: [SUBMIT_LANE], itemsMax: 1, leaseMs: LEASE_MS, owner: "bench" };
    const [hold] = await store.claim({ ...claim, markAhead: batch });
    if (hold === undefined) return 0;
    Object.assign(hand, { hold, settledTo: 0 });
    return 0;
  }
  const { lease, items, progress } = hand.hold;
  const some = (items as readonly InboxItem[]).slice(hand.settledTo, hand.settledTo + batch);
  const at = systemClock.now();
  const events = some.map(({ id }) => toSubmitted(id, at));
  const settledTo = hand.settledTo + some.length;
  const isLast = settledTo >= items.length;
  const mark = Math.min(progress.positions, settledTo + Math.min(batch, SEND_MARK_AHEAD_MAX));
  const progressed = isLast ? { acks: [lease] } : { marks: [{ lease, mark, settledTo, settledBeyond: [] }] };
  await commit(store, { ...progressed, events });
  Object.assign(hand, isLast ? { hold: undefined, settledTo: 0 } : { settledTo });
  return some.length;
}

function toSubmitted(message: MessageId, at: number): MessageEvent {
  const providerMessageId = mint.unique().slice(-16);
  return { type: "submitted", message, at, segment: 0, attempt: 1, provider: PROVIDER, providerMessageId };
}

/** Receipts of messages that the connector remembers: made durable as a chunk, claimed, and one `delivered` each. */
export async function settleReceipts(rig: QueueRig, load: ProviderLoad): Promise<Rate> {
  await using database = await rig.openDatabase();
  const store = await database.openStore();
  let settled = 0;
  const rate = await measureRate(rig, {
    loops: load.inFlight,
    seconds: load.seconds,
    async body() {
      const items = Array.from({ length: load.batch }, toReceipt);
      await commit(store, { chunks: [{ id: mint.chunkId(), lane: lanes.receipts, items }] });
      const claim = { lanes: [lanes.receipts], itemsMax: load.batch, leaseMs: LEASE_MS, owner: "bench" };
      const holds = await store.claim({ ...claim, markAhead: 0 });
      const receipts = holds.flatMap((hold) => hold.items as readonly ReceiptItem[]);
      if (receipts.length === 0) return 0;
      await commit(store, { acks: holds.map(({ lease }) => lease), events: receipts.map(toDelivered) });
      settled += receipts.length;
      return receipts.length;
    },
  });
  const events = await countEvents(database);
  if (events !== settled) rig.fail(`receipts: ${events} events of ${settled}`);
  return rate;
}

function toReceipt(): ReceiptItem {
  const providerMessageId = mint.unique().slice(-16);
  const at = systemClock.now();
  return {
    id: mint.unique(),
    provider: PROVIDER,
    providerMessageId,
    rawProviderMessageId: providerMessageId.toUpperCase(),
    state: "delivered",
    error: "000",
    doneAt: at,
    receivedAt: at,
    message: mint.messageId(SET),
    segment: 0,
  };
}

function toDelivered(receipt: ReceiptItem): MessageEvent {
  const { provider, providerMessageId, error } = receipt;
  const message = receipt.message ?? mint.messageId(SET);
  return { type: "delivered", message, at: receipt.receivedAt, segment: 0, provider, providerMessageId, error };
}
