/**
 * Goes once through what waits on the inbox and submit lanes of a restored set, and takes off what has gone on. Nobody
 * else claims there while the set is marked. Each chunk is replaced, or given back, in one step.
 */
import { z } from "zod";
import type { Hold, Step, Store } from "#core/store/store.ts";
import { toChunks, toSubmitChunks } from "#core/worker/chunks.ts";
import { deadItemSchema } from "#core/worker/dead-item.ts";
import { unwrapFailed } from "#core/worker/failed-item.ts";
import { noticeChunks, noticesOf, type Waiting, waitingOf } from "#core/worker/notices.ts";
import { type TakenApart, takeApart } from "#core/worker/take-apart.ts";
import type { Clock } from "#domain/clock.ts";
import type { MessageEvent } from "#domain/event.ts";
import { emptyMessageState, foldEvents, type MessageState } from "#domain/fold.ts";
import { type ChunkId, type IdMint, type MessageId, messageIdSchema } from "#domain/ids.ts";
import { submitItemSchema } from "#domain/item.ts";
import { type Lane, lanes as laneNames } from "#domain/lane.ts";
import { CHUNK_ITEMS_MAX, MESSAGES_READ_MAX } from "#domain/limits.ts";
import { hasGoneOn, judgeSubmit, waitsForRoute } from "./judge-waiting.ts";

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
  /** Items that cannot be read, now on lane `dead`. */
  readonly buried: number;
  /** Chunks that are delayed or held: they have not been looked at. */
  readonly unseen: number;
}

const LEASE_MS = 60_000;
/** What was looked at comes back after this, so that the walk does not meet it again at once; nor may another walk. */
export const BACK_MS = 120_000;

/** What tells the place of an item in the life of its message, where that can be read. */
const remainsSchema = z.object({ id: messageIdSchema, attempt: z.int().positive().catch(1) });

export async function walkWaiting(deps: WalkOptions): Promise<Walked> {
  const { store, owner } = deps;
  const lanes = await waitingLanes(store);
  const seen = new Set<ChunkId>();
  const waiting = new Set<MessageId>();
  let takenOff = 0;
  let buried = 0;
  let passedOver = 0;
  for (;;) {
    const holds = await store.claim({ lanes, itemsMax: CHUNK_ITEMS_MAX, leaseMs: LEASE_MS, owner });
    const fresh = holds.filter(({ lease }) => !seen.has(lease.chunk));
    const again = holds.filter(({ lease }) => seen.has(lease.chunk));
    if (again.length > 0) {
      await store.release(
        again.map(({ lease }) => lease),
        BACK_MS,
      );
    }
    // A whole turn of what was seen, and nothing fresh among it: what is left is delayed or held.
    passedOver = fresh.length > 0 ? 0 : passedOver + again.length;
    if (holds.length === 0 || passedOver > seen.size) break;
    for (const hold of fresh) {
      const looked = await lookAt(deps, hold);
      for (const id of looked.waiting) waiting.add(id);
      for (const chunk of looked.chunks) seen.add(chunk);
      takenOff += looked.takenOff;
      buried += looked.buried;
    }
  }
  const chunks = [...(await store.depth())].reduce(
    (sum, [lane, depth]) => sum + (isOnTheWay(lane) ? depth.chunks : 0),
    0,
  );
  return { waiting, takenOff, buried, unseen: Math.max(0, chunks - seen.size) };
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
  readonly buried: number;
}

async function lookAt(deps: WalkOptions, hold: Hold): Promise<Looked> {
  const { store } = deps;
  const { waiting, kept, step } = hold.lane.startsWith("inbox.")
    ? await judgeInboxChunk(deps, hold)
    : await judgeSubmitChunk(deps, hold);
  if (step === undefined) {
    await store.release([hold.lease], BACK_MS);
    return { waiting, chunks: [hold.lease.chunk], takenOff: 0, buried: 0 };
  }
  const result = await store.commit({ acks: [hold.lease], ...step });
  if (result.type !== "committed") throw new Error(`Cannot replace a chunk of ${hold.lane}: ${result.type}`);
  const [dead = [], back = []] = [laneNames.dead, hold.lane].map((wanted) =>
    (step.chunks ?? []).filter(({ lane }) => lane === wanted),
  );
  const takenOff = hold.items.length - kept - dead.length;
  return { waiting, chunks: back.map(({ id }) => id), takenOff, buried: dead.length };
}

interface Judged {
  readonly waiting: readonly MessageId[];
  /** Items that stay on the lane. */
  readonly kept: number;
  /** Undefined: the chunk stays as it is. */
  readonly step?: Step;
}

/** Only what does not even tell its message is left unjudged: a worker buries it. */
async function judgeInboxChunk(deps: WalkOptions, hold: Hold): Promise<Judged> {
  const items = hold.items.map((raw) => ({ raw, id: idOf(unwrapFailed(hold, raw).item) }));
  const states = await statesOf(
    deps,
    items.flatMap(({ id }) => id ?? []),
  );
  // As it was stored: an item that has failed before keeps its count of failures.
  const back = items.filter(({ id }) => id === undefined || waitsForRoute(states(id)));
  const judged = { waiting: back.flatMap(({ id }) => id ?? []), kept: back.length };
  if (back.length === items.length) return judged;
  const raw = back.map((item) => item.raw);
  return { ...judged, step: { chunks: toChunks(deps.mint, hold.lane, raw, BACK_MS) } };
}

async function judgeSubmitChunk(deps: WalkOptions, hold: Hold): Promise<Judged> {
  const { store, mint, clock } = deps;
  const states = await statesOf(
    deps,
    hold.items.flatMap((raw) => idOf(raw) ?? []),
  );
  const isAsItWas = (raw: unknown): boolean => {
    const item = submitItemSchema.safeParse(raw).data;
    return item !== undefined && judgeSubmit(item, states(item.id)) === item;
  };
  if (hold.items.every(isAsItWas)) {
    return { waiting: hold.items.flatMap((raw) => idOf(raw) ?? []), kept: hold.items.length };
  }
  // As a connector would: what lies below the mark may have been sent, and is not sent again.
  const apart = takeApart(hold, { set: store.set, mint, policy: () => "keep", now: clock.now() });
  const back = apart.chunks.filter(({ lane }) => lane === hold.lane).flatMap((chunk) => chunk.items);
  const kept = submitItemSchema
    .array()
    .parse(back)
    .flatMap((item) => judgeSubmit(item, states(item.id)) ?? []);
  const { events: said, chunks: dead } = buriedOf(apart, deps.lost, states);
  const isNews = (event: MessageEvent): boolean =>
    !("segment" in event) || states(event.message).segments[event.segment]?.outcome === undefined;
  const events = said.filter(isNews);
  const notices = noticeChunks(mint, noticesOf(events, waitingFor(events, states)), clock.now());
  const chunks = [...toSubmitChunks(mint, hold.lane, kept, BACK_MS), ...dead, ...notices];
  return { waiting: kept.map(({ id }) => id), kept: kept.length, step: { events, chunks } };
}

/**
 * The events, and the chunks for lane `dead`, without what goes on by what the set has lost: its lost events say what
 * became of it, and what they leave open is settled with all that waits nowhere. A burial would reject it, or offer it
 * to be sent again.
 */
function buriedOf(
  apart: Pick<TakenApart, "events" | "chunks">,
  lost: WalkOptions["lost"],
  states: (id: MessageId) => MessageState,
): Required<Pick<Step, "events" | "chunks">> {
  const dead = apart.chunks.filter(({ lane }) => lane === laneNames.dead);
  const isLeft = ({ items }: (typeof dead)[number]): boolean => {
    const { data: remains } = remainsSchema.safeParse(deadItemSchema.parse(items[0]).item);
    return remains === undefined || !lost.has(remains.id) || !hasGoneOn(remains.attempt, states(remains.id));
  };
  const gone = new Set(dead.filter((chunk) => !isLeft(chunk)).map(({ id }) => `${id}`));
  const isSaid = (event: MessageEvent): boolean =>
    event.type !== "rejected" || event.burial === undefined || !gone.has(event.burial);
  return { events: apart.events.filter(isSaid), chunks: dead.filter(isLeft) };
}

/** The states of these messages by the set's own log and what it lacks. */
export async function statesOf(
  { store, lost }: Pick<WalkOptions, "store" | "lost">,
  ids: readonly MessageId[],
): Promise<(id: MessageId) => MessageState> {
  const states = new Map<MessageId, MessageState>();
  const wanted = [...new Set(ids)];
  for (let i = 0; i < wanted.length; i += MESSAGES_READ_MAX) {
    const some = wanted.slice(i, i + MESSAGES_READ_MAX);
    const held = await store.events.ofMessages(some);
    for (const id of some) states.set(id, foldEvents([...(held.get(id) ?? []), ...(lost.get(id) ?? [])]));
  }
  return (id) => states.get(id) ?? emptyMessageState;
}

/** The accounts that asked to be told how the messages of these events end, by what was accepted. */
export function waitingFor(events: readonly MessageEvent[], state: (id: MessageId) => MessageState): Waiting {
  return waitingOf(
    events.flatMap(({ message: id }) => {
      const { accepted } = state(id);
      return accepted?.receipt === undefined ? [] : [{ id, account: accepted.account, notify: true as const }];
    }),
  );
}

/** Of any item, also one that cannot be read as a whole. */
function idOf(item: unknown): MessageId | undefined {
  return messageIdSchema.safeParse((item as { readonly id?: unknown } | null)?.id).data;
}
