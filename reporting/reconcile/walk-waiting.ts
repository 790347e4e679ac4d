/**
 * Goes once through what waits on the inbox and submit lanes of a restored set, and takes off what has gone on. Nobody
 * else claims there while the set is marked. Each chunk is replaced, or given back, in one step.
 */
import type { Hold, Step, Store } from "#core/store/store.ts";
import { toChunks, toSubmitChunks } from "#core/worker/chunks.ts";
import { takeApart } from "#core/worker/take-apart.ts";
import type { Clock } from "#domain/clock.ts";
import type { MessageEvent } from "#domain/event.ts";
import { emptyMessageState, foldEvents, type MessageState } from "#domain/fold.ts";
import type { ChunkId, IdMint, MessageId } from "#domain/ids.ts";
import { inboxItemSchema, type SubmitItem, submitItemSchema } from "#domain/item.ts";
import { type Lane, lanes as laneNames } from "#domain/lane.ts";
import { CHUNK_ITEMS_MAX } from "#domain/limits.ts";
import { judgeInbox, judgeSubmit } from "./judge-waiting.ts";

export interface WalkDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly mint: IdMint;
  readonly owner: string;
}

export interface WalkOptions extends WalkDeps {
  /** What the set's log lacks of each message. */
  readonly lost: ReadonlyMap<MessageId, readonly MessageEvent[]>;
}

export interface Walked {
  /** Messages that wait, each where it should. */
  readonly waiting: ReadonlySet<MessageId>;
  readonly takenOff: number;
  /** Chunks that are delayed or held: they have not been looked at. */
  readonly unseen: number;
}

const LEASE_MS = 60_000;
/** What was looked at comes back after this, so that the walk does not meet it again at once. */
const BACK_MS = 120_000;

export async function walkWaiting(deps: WalkOptions): Promise<Walked> {
  const { store, owner } = deps;
  const lanes = await waitingLanes(store);
  const seen = new Set<ChunkId>();
  const waiting = new Set<MessageId>();
  let takenOff = 0;
  for (;;) {
    const holds = await store.claim({ lanes, itemsMax: CHUNK_ITEMS_MAX, leaseMs: LEASE_MS, owner });
    const fresh = holds.filter(({ lease }) => !seen.has(lease.chunk));
    if (fresh.length < holds.length || holds.length === 0) {
      await store.release(
        holds.map(({ lease }) => lease),
        0,
      );
    }
    if (fresh.length === 0) break;
    if (fresh.length < holds.length) continue;
    for (const hold of fresh) {
      const looked = await lookAt(deps, hold);
      for (const id of looked.waiting) waiting.add(id);
      for (const chunk of looked.chunks) seen.add(chunk);
      takenOff += looked.takenOff;
    }
  }
  const chunks = [...(await store.depth())].reduce(
    (sum, [lane, depth]) => sum + (isOnTheWay(lane) ? depth.chunks : 0),
    0,
  );
  return { waiting, takenOff, unseen: Math.max(0, chunks - seen.size) };
}

async function waitingLanes(store: Store): Promise<readonly Lane[]> {
  return [...(await store.depth()).keys()].filter(isOnTheWay);
}

function isOnTheWay(lane: Lane): boolean {
  return lane.startsWith("inbox.") || lane.startsWith("submit.");
}

interface Looked {
  readonly waiting: readonly MessageId[];
  /** What is on the lane in its place. */
  readonly chunks: readonly ChunkId[];
  readonly takenOff: number;
}

async function lookAt(deps: WalkOptions, hold: Hold): Promise<Looked> {
  const { store } = deps;
  const judged = hold.lane.startsWith("inbox.")
    ? await judgeInboxChunk(deps, hold)
    : await judgeSubmitChunk(deps, hold);
  if (judged === "as_it_is") {
    await store.release([hold.lease], BACK_MS);
    return { waiting: idsOf(hold.items), chunks: [hold.lease.chunk], takenOff: 0 };
  }
  const { kept, step } = judged;
  const result = await store.commit({ acks: [hold.lease], ...step });
  if (result.type !== "committed") throw new Error(`Cannot replace a chunk of ${hold.lane}: ${result.type}`);
  const chunks = (step.chunks ?? []).filter(({ lane }) => lane !== laneNames.dead).map(({ id }) => id);
  return { waiting: idsOf(kept), chunks, takenOff: hold.items.length - kept.length };
}

type Judged = "as_it_is" | { readonly kept: readonly object[]; readonly step: Step };

/** An item that cannot be read is left to whoever buries such: the chunk stays as it is. */
async function judgeInboxChunk(deps: WalkOptions, hold: Hold): Promise<Judged> {
  const { mint } = deps;
  const items = inboxItemSchema.array().safeParse(hold.items).data;
  if (items === undefined) return "as_it_is";
  const states = await statesOf(deps, idsOf(items));
  const kept = items.flatMap((item) => judgeInbox(item, states(item.id)) ?? []);
  if (kept.length === items.length) return "as_it_is";
  return { kept, step: { chunks: toChunks(mint, hold.lane, kept, BACK_MS) } };
}

async function judgeSubmitChunk(deps: WalkOptions, hold: Hold): Promise<Judged> {
  const { store, mint, clock } = deps;
  const items = submitItemSchema.array().safeParse(hold.items).data;
  if (items === undefined) return "as_it_is";
  const states = await statesOf(deps, idsOf(items));
  const isKnown = (item: SubmitItem): boolean => judgeSubmit(item, states(item.id)) !== item;
  if (!items.some(isKnown)) return "as_it_is";
  // As a connector would: what lies below the mark may have been sent, and is not sent again.
  const apart = takeApart(hold, { set: store.set, mint, policy: () => "keep", now: clock.now() });
  const isNews = (event: MessageEvent): boolean =>
    !("segment" in event) || states(event.message).segments[event.segment]?.outcome === undefined;
  const [returned, dead] = [true, false].map((isSubmit) =>
    apart.chunks.filter(({ lane }) => (lane === hold.lane) === isSubmit),
  );
  const back = submitItemSchema.array().parse((returned ?? []).flatMap((chunk) => chunk.items));
  const kept = back.flatMap((item) => judgeSubmit(item, states(item.id)) ?? []);
  const chunks = [...toSubmitChunks(mint, hold.lane, kept, BACK_MS), ...(dead ?? [])];
  return { kept, step: { events: apart.events.filter(isNews), chunks } };
}

/** The states of these messages by the set's own log and what it lacks. */
export async function statesOf(
  { store, lost }: Pick<WalkOptions, "store" | "lost">,
  ids: readonly MessageId[],
): Promise<(id: MessageId) => MessageState> {
  const states = new Map<MessageId, MessageState>();
  for (const id of new Set(ids)) {
    states.set(id, foldEvents([...(await store.events.ofMessage(id)), ...(lost.get(id) ?? [])]));
  }
  return (id) => states.get(id) ?? emptyMessageState;
}

function idsOf(items: readonly unknown[]): readonly MessageId[] {
  return items.flatMap((item) => (item as { readonly id?: MessageId } | null)?.id ?? []);
}
