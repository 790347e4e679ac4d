/**
 * Claimed chunks of one lane `deliver.<account>`: each item is made into a deliver_sm, handed to the freest of the
 * account's binds, and settled by its answer. What was not taken goes back to the lane in the same step that
 * acknowledges the rest, so nothing is lost; what was taken and could not be settled in time goes out again.
 */

import type { PduFields } from "#core/smpp/pdu.ts";
import type { RequestResult } from "#core/smpp/pending-requests.ts";
import { type Hold, type Store, StoreError } from "#core/store/store.ts";
import { isGivenUp } from "#core/worker/notices.ts";
import type { Clock } from "#domain/clock.ts";
import type { MessageEvent } from "#domain/event.ts";
import type { AccountId, IdMint, MessageId } from "#domain/ids.ts";
import { MESSAGES_READ_MAX } from "#domain/limits.ts";
import type { Logger } from "#domain/log.ts";
import { type DeliverItem, deliverItemSchema } from "#domain/notice.ts";
import { receiptFields, replyFields } from "./deliver-fields.ts";
import { judgeNotice } from "./judge-notice.ts";
import { type KeptLeases, keepLeases } from "./keep-lease.ts";
import { type HoldLeft, settleDeliveries } from "./settle-deliveries.ts";
import type { SmppMetrics } from "./smpp-metrics.ts";

export interface Receiver {
  request(fields: PduFields, mayWrite: () => boolean): Promise<RequestResult>;
}

export interface DeliverDeps {
  readonly clock: Clock;
  readonly mint: IdMint;
  readonly log: Logger;
  readonly metrics: Pick<SmppMetrics, "delivered">;
  /** A bind of the account with room, as soon as there is one; undefined when there is none by then. */
  readonly receiver: (account: AccountId, untilMs: number) => Promise<Receiver | undefined>;
  /** What data_coding 0 means to the account. */
  readonly alphabetOf: (account: AccountId) => "gsm7" | "latin1";
  /** Receipts that this process has told: the segments of one message may ask for the same one. */
  readonly told: RecentlyTold;
}

export interface Batch {
  readonly store: Store;
  /** Of one lane. */
  readonly holds: readonly Hold[];
  readonly account: AccountId;
  /** Nothing more is sent once it aborts. */
  readonly signal: AbortSignal;
}

export interface RecentlyTold {
  /** False: it was told before, or is being told. */
  begin(receipt: string): boolean;
  /** It was not told after all. */
  undo(receipt: string): void;
}

/**
 * After this nothing more of a batch is looked up, or sent, and it is settled: so much may go out again when a process
 * dies. The rest of it goes back to the lane, behind what came later. Each has a time of its own: a set that is slow to
 * tell of messages would else use up all of it, and nothing would ever be sent.
 */
const PREPARE_MS = 2_500;
const SEND_MS = 2_500;
/** A set shows what a majority has a moment later. */
const LOOK_AGAIN_MS = 500;
/** A link was lost, or did not answer, or said no: the first wait, doubled up to the last. */
const RETRY_FIRST_MS = 2_000;
const RETRY_MAX_MS = 900_000;

type Fate =
  | { readonly type: "done" }
  /** `isTry`: a link had it. */
  | { readonly type: "back"; readonly delayMs: number; readonly isTry: boolean }
  | { readonly type: "given_up" }
  /** It cannot be written as a PDU. */
  | { readonly type: "dead"; readonly error: string };

const DONE: Fate = { type: "done" };
const NOW: Fate = { type: "back", delayMs: 0, isTry: false };

/** Resolves when the chunks are settled, or are another's. Rejects on a defect only. */
export async function deliverBatch(deps: DeliverDeps, batch: Batch): Promise<void> {
  const { store, holds, signal } = batch;
  await using leases = keepLeases(deps.clock, store, holds);
  const mayGoOnUntil = (at: number) => (): boolean => !signal.aborted && leases.isSafe() && deps.clock.monotonic() < at;
  const mayPrepare = mayGoOnUntil(deps.clock.monotonic() + PREPARE_MS);
  const read = holds.flatMap((hold) =>
    hold.items.map((raw) => ({ hold, raw, item: deliverItemSchema.safeParse(raw).data })),
  );
  const found = await readMessages(store, messagesOf(deps, read), mayPrepare);
  const prepared = read.map(({ item }) => (item === undefined ? undefined : prepare(deps, found, item)));
  const endAt = deps.clock.monotonic() + SEND_MS;
  const mayGoOn = mayGoOnUntil(endAt);
  const begun: Begun[] = [];
  for (const one of prepared) begun.push(await begin(deps, one, { ...batch, endAt, mayGoOn, leases }));
  const fates = await Promise.all(begun.map(({ fate }) => fate));
  const settled = read.flatMap((one, i) => (fates[i] === undefined ? [] : [{ ...one, fate: fates[i] }]));
  await settleDeliveries(
    { ...deps, ...batch, leases },
    holds.map((hold) => toLeft(hold, settled)),
  );
}

interface SettledItem {
  readonly hold: Hold;
  readonly raw: unknown;
  readonly item: DeliverItem | undefined;
  readonly fate: Fate;
}

function toLeft(hold: Hold, settled: readonly SettledItem[]): HoldLeft {
  const own = settled.filter((one) => one.hold === hold);
  return {
    hold,
    back: own.flatMap(({ item, fate }) => {
      if (item === undefined || fate.type !== "back") return [];
      return [{ item: fate.isTry ? { ...item, tries: item.tries + 1 } : item, delayMs: fate.delayMs }];
    }),
    dead: own.flatMap(({ raw, fate }) => (fate.type === "dead" ? [{ raw, error: fate.error }] : [])),
    over: own.flatMap(({ raw, item, fate }) => (item === undefined || fate.type === "given_up" ? [raw] : [])),
  };
}

/** What was found of each message: "unread" when the set did not tell, absent when there was no time to ask. */
type FoundMessages = ReadonlyMap<MessageId, readonly MessageEvent[] | "unread">;

/** Whose events say what there is to be told. */
function messagesOf({ clock }: DeliverDeps, read: readonly { readonly item: DeliverItem | undefined }[]) {
  const now = clock.now();
  const ids = read.flatMap(({ item }) => (item?.type === "receipt" && !isGivenUp(item, now) ? [item.message] : []));
  return [...new Set(ids)];
}

/** As few reads as there can be, as long as there is time for another. */
async function readMessages({ events }: Store, ids: readonly MessageId[], mayGoOn: () => boolean) {
  const found = new Map<MessageId, readonly MessageEvent[] | "unread">();
  for (let i = 0; i < ids.length && mayGoOn(); i += MESSAGES_READ_MAX) {
    const some = ids.slice(i, i + MESSAGES_READ_MAX);
    const told = await events.ofMessages(some).catch((error: unknown) => {
      if (error instanceof StoreError) return undefined;
      throw error;
    });
    for (const id of some) found.set(id, told === undefined ? "unread" : (told.get(id) ?? []));
  }
  return found;
}

type Prepared =
  | { readonly type: "send"; readonly item: DeliverItem; readonly fields: PduFields; readonly receipt?: string }
  | { readonly type: "fate"; readonly fate: Fate };

/** Undefined: nothing is known of it yet. */
function prepare(deps: DeliverDeps, found: FoundMessages, item: DeliverItem): Prepared | undefined {
  try {
    if (isGivenUp(item, deps.clock.now())) return fateOf({ type: "given_up" });
    if (item.type === "reply") return { type: "send", item, fields: replyFields(item, deps.alphabetOf(item.account)) };
    const events = found.get(item.message);
    return events === undefined ? undefined : prepareReceipt(item, events);
  } catch (error) {
    // It alone, and not its neighbours.
    return fateOf({ type: "dead", error: String(error) });
  }
}

type ReceiptItem = Extract<DeliverItem, { readonly type: "receipt" }>;

function prepareReceipt(item: ReceiptItem, events: readonly MessageEvent[] | "unread"): Prepared {
  const verdict = events === "unread" ? ({ type: "look_again" } as const) : judgeNotice(item, events);
  if (verdict.type === "look_again") return fateOf({ type: "back", delayMs: LOOK_AGAIN_MS, isTry: false });
  const fields = verdict.type === "receipt" ? receiptFields(verdict.state) : undefined;
  if (verdict.type === "nothing" || fields === undefined) return fateOf(DONE);
  return { type: "send", item, fields, receipt: `${item.message} ${verdict.status}` };
}

const fateOf = (fate: Fate): Prepared => ({ type: "fate", fate });

interface Sending extends Batch {
  readonly endAt: number;
  readonly mayGoOn: () => boolean;
  readonly leases: KeptLeases;
}

/** In a field of its own, as whoever awaits this must not await the answer. */
interface Begun {
  readonly fate: Fate | Promise<Fate>;
}

/** Waits for a bind with room; the answer is waited for beside the next ones. */
async function begin(deps: DeliverDeps, prepared: Prepared | undefined, sending: Sending): Promise<Begun> {
  if (prepared === undefined) return { fate: NOW };
  if (prepared.type === "fate") return prepared;
  const { item, fields, receipt } = prepared;
  if (receipt !== undefined && !deps.told.begin(receipt)) return { fate: DONE };
  const undoUnlessDone = (fate: Fate): Fate => {
    if (fate.type !== "done" && receipt !== undefined) deps.told.undo(receipt);
    return fate;
  };
  const receiver = sending.mayGoOn() ? await deps.receiver(sending.account, sending.endAt) : undefined;
  if (receiver === undefined) return { fate: undoUnlessDone(NOW) };
  const result = receiver.request(fields, () => sending.leases.isSafe());
  return { fate: result.then((answer) => undoUnlessDone(judgeResult(deps, item, answer))) };
}

function judgeResult({ metrics }: DeliverDeps, item: DeliverItem, result: RequestResult): Fate {
  const outcome = result.type === "answered" ? (result.status === 0 ? "taken" : "refused") : result.type;
  metrics.delivered(item.type, outcome);
  switch (result.type) {
    case "answered":
      return result.status === 0 ? DONE : retryOf(item);
    case "unknown":
      return retryOf(item);
    case "not_sent":
      return NOW;
  }
}

function retryOf({ tries }: DeliverItem): Fate {
  return { type: "back", delayMs: Math.min(RETRY_MAX_MS, RETRY_FIRST_MS * 2 ** Math.min(tries, 20)), isTry: true };
}
