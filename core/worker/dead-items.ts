/**
 * What an operator does with lane `dead` of one set: list it, put items back on the lane where they died, or throw them
 * away. Nothing else claims that lane. A change is one step with the acknowledgement of the dead chunk: no item is ever
 * in both places, or in none.
 */
import type { z } from "zod";
import { type Hold, type NewChunk, type Step, type Store, StoreError, type WaitingChunk } from "#core/store/store.ts";
import type { Clock } from "#domain/clock.ts";
import type { MessageEvent } from "#domain/event.ts";
import { type ChunkId, type IdMint, type MessageId, messageIdSchema, setOfMessage } from "#domain/ids.ts";
import {
  inboxItemSchema,
  type RelayItem,
  receiptItemSchema,
  relayItemSchema,
  replyItemSchema,
  type SubmitItem,
  submitItemSchema,
} from "#domain/item.ts";
import { accountOfLane, type Lane, lanes, providerOfLane } from "#domain/lane.ts";
import { type DeliverItem, deliverItemSchema } from "#domain/notice.ts";
import { toChunks, toSubmitChunks } from "./chunks.ts";
import { buriedMessage, type DeadItem, deadItemSchema } from "./dead-item.ts";
import { deliverChunks } from "./notices.ts";
import { refundChunks } from "./refund-chunks.ts";
import { countPositions } from "./send-positions.ts";
import { doubtEvents } from "./take-apart.ts";

/** Chunks that are read from the set at once. */
const PAGE_CHUNKS = 500;
/** Chunks of one step: a claim looks at no more than 64. */
const STEP_CHUNKS = 50;
/** A step takes 50 ms, and is retried for at most 15 s. */
const LEASE_MS = 30_000;

export interface DeadDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly mint: IdMint;
  readonly owner: string;
}

/** What lane `dead` holds in a chunk; `item` is undefined where even that cannot be read. */
export interface DeadEntry {
  readonly chunk: ChunkId;
  readonly item: DeadItem | undefined;
  /** As it is stored. */
  readonly raw: unknown;
  readonly enqueuedAt: number;
}

export type DeadOutcome =
  | { readonly type: "done" }
  /** It is not on this set's lane `dead`, or another operator has it in hand. */
  | { readonly type: "not_found" }
  /** This version could not process it either, so it was left where it is. */
  | { readonly type: "unreadable"; readonly why: string }
  /** Nothing was changed for certain, or (`unknown`) nobody can tell yet: look again. */
  | { readonly type: "failed"; readonly code: string };

/** Every dead item in the order of burial. Throws StoreError. */
export async function* readDead(store: Store): AsyncGenerator<DeadEntry> {
  for (let after: ChunkId | undefined; ; ) {
    const page = await store.dead({ max: PAGE_CHUNKS, ...(after === undefined ? {} : { after }) });
    for (const chunk of page) yield toEntry(chunk);
    after = page.at(-1)?.id;
    if (after === undefined) return;
  }
}

function toEntry({ id, items, enqueuedAt }: WaitingChunk): DeadEntry {
  const [raw] = items;
  return { chunk: id, item: deadItemSchema.safeParse(raw).data, raw, enqueuedAt };
}

/** The message that it is, or that it is about. */
export function messageOfDead({ lane, item }: DeadItem): MessageId | undefined {
  const { id, message } = (item ?? {}) as { readonly id?: unknown; readonly message?: unknown };
  return messageIdSchema.safeParse(lane === lanes.receipts ? message : id).data;
}

/** Puts items back on the lanes where they died, as new. */
export function retryDead(deps: DeadDeps, chunks: readonly ChunkId[]): Promise<ReadonlyMap<ChunkId, DeadOutcome>> {
  return settleDead(deps, chunks, planRetry);
}

/** Throws items away, for good. Where one is of a message, an event says so. */
export function discardDead(deps: DeadDeps, chunks: readonly ChunkId[]): Promise<ReadonlyMap<ChunkId, DeadOutcome>> {
  return settleDead(deps, chunks, planDiscard);
}

type Plan =
  | { readonly type: "step"; readonly events: readonly MessageEvent[]; readonly chunks: readonly NewChunk[] }
  | { readonly type: "unreadable"; readonly why: string };

async function settleDead(
  deps: DeadDeps,
  ids: readonly ChunkId[],
  plan: (deps: DeadDeps, hold: Hold) => Plan,
): Promise<ReadonlyMap<ChunkId, DeadOutcome>> {
  const wanted = [...new Set(ids)];
  const outcomes = new Map<ChunkId, DeadOutcome>(wanted.map((id) => [id, { type: "not_found" }]));
  for (let i = 0; i < wanted.length; i += STEP_CHUNKS) {
    const only = wanted.slice(i, i + STEP_CHUNKS);
    try {
      for (const [id, outcome] of await settleSome(deps, only, plan)) outcomes.set(id, outcome);
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      for (const id of wanted.slice(i)) outcomes.set(id, { type: "failed", code: error.code });
      break;
    }
  }
  return outcomes;
}

async function settleSome(
  deps: DeadDeps,
  only: readonly ChunkId[],
  plan: (deps: DeadDeps, hold: Hold) => Plan,
): Promise<ReadonlyMap<ChunkId, DeadOutcome>> {
  const { owner, store } = deps;
  const claim = { lanes: [lanes.dead], itemsMax: STEP_CHUNKS, leaseMs: LEASE_MS, owner, only };
  const planned = (await store.claim(claim)).map((hold) => ({ hold, plan: plan(deps, hold) }));
  const outcomes = new Map<ChunkId, DeadOutcome>();
  const ready: { readonly hold: Hold; readonly plan: Extract<Plan, { type: "step" }> }[] = [];
  for (const { hold, plan } of planned) {
    if (plan.type === "unreadable") outcomes.set(hold.lease.chunk, plan);
    else ready.push({ hold, plan });
  }
  const outcome = await commit(store, {
    acks: ready.map(({ hold }) => hold.lease),
    events: ready.flatMap(({ plan }) => plan.events),
    chunks: ready.flatMap(({ plan }) => plan.chunks),
  });
  for (const { hold } of ready) outcomes.set(hold.lease.chunk, outcome);
  const left = planned.filter(({ hold }) => outcomes.get(hold.lease.chunk)?.type !== "done");
  const leases = left.map(({ hold }) => hold.lease);
  // If that fails too, the leases run out by themselves.
  if (leases.length > 0) await store.release(leases, 0).catch(() => undefined);
  return outcomes;
}

async function commit(store: Store, step: Step): Promise<DeadOutcome> {
  if (step.acks?.length === 0) return { type: "done" };
  const result = await store.commit(step);
  return result.type === "committed" ? { type: "done" } : { type: "failed", code: result.type };
}

/** What an item must be to be processed on its lane. */
function schemaOf(lane: Lane): z.ZodType<object> | undefined {
  if (lane.startsWith("inbox.")) return inboxItemSchema;
  if (lane.startsWith("relay.")) return relayItemSchema;
  if (lane === lanes.receipts) return receiptItemSchema;
  if (lane === lanes.replies) return replyItemSchema;
  if (accountOfLane(lane) !== undefined) return deliverItemSchema;
  return providerOfLane(lane) === undefined ? undefined : submitItemSchema;
}

function planRetry({ store, clock, mint }: DeadDeps, hold: Hold): Plan {
  const dead = deadItemSchema.safeParse(hold.items[0]);
  if (!dead.success) return { type: "unreadable", why: `not a dead item: ${dead.error.message}` };
  const { lane, item: raw } = dead.data;
  const schema = schemaOf(lane);
  if (schema === undefined) return { type: "unreadable", why: `no items are processed on lane '${lane}'` };
  const item = schema.safeParse(raw);
  if (!item.success) return { type: "unreadable", why: `not an item of lane '${lane}': ${item.error.message}` };
  const message = buriedMessage(dead.data, store.set);
  const burial = hold.lease.chunk;
  const at = clock.now();
  const events: MessageEvent[] = message === undefined ? [] : [{ type: "requeued", message, at, burial }];
  if (accountOfLane(lane) !== undefined) {
    const delivery = { ...(item.data as DeliverItem), since: at, tries: 0 };
    return { type: "step", events, chunks: deliverChunks(mint, [delivery]) };
  }
  if (providerOfLane(lane) === undefined) return { type: "step", events, chunks: toChunks(mint, lane, [item.data]) };
  const submit = item.data as SubmitItem;
  if (dead.data.maybeSent === true) events.push(...doubtsOf(submit, at));
  return { type: "step", events, chunks: toSubmitChunks(mint, lane, [submit]) };
}

/** Some of it may be out already: to send it once more is said first. */
function doubtsOf(item: SubmitItem, at: number): readonly MessageEvent[] {
  const open = Array.from({ length: countPositions(item.text) }, (_, segment) => segment).filter(
    (segment) => item.doneSegments?.includes(segment) !== true,
  );
  return doubtEvents({ ...item, message: item.id, at }, open, "resend");
}

function planDiscard({ store, clock, mint }: DeadDeps, hold: Hold): Plan {
  const dead = deadItemSchema.safeParse(hold.items[0]);
  const message = dead.success ? messageOfDead(dead.data) : undefined;
  if (message === undefined) return { type: "step", events: [], chunks: [] };
  const events: readonly MessageEvent[] = [{ type: "discarded", message, at: clock.now(), burial: hold.lease.chunk }];
  const home = setOfMessage(message);
  if (home === store.set) return { type: "step", events, chunks: refundChunks(mint, events) };
  const relayed: RelayItem = { id: mint.unique(), events: [...events], optOuts: [] };
  return { type: "step", events: [], chunks: [{ id: mint.chunkId(), lane: lanes.relay(home), items: [relayed] }] };
}
