/**
 * The seam of the pluggable queue and event log: one `Store` is one set. It holds chunks on lanes (claimed under a
 * lease, acknowledged whole) and event batches (append-only, gapless per writer), and changes both only by `commit`,
 * which is all or nothing. Drivers: `mongo/` and `memory/`; both pass `store.conformance.ts`. Only `mongo/` knows
 * MongoDB.
 */
import type { E164 } from "#domain/e164.ts";
import type { MessageEvent } from "#domain/event.ts";
import type { AccountId, Brand, ChunkId, MessageId, ProviderId, SetId, WriterId } from "#domain/ids.ts";
import type { OptOutChange } from "#domain/item.ts";
import type { Lane } from "#domain/lane.ts";
import type { LedgerEntry } from "#domain/ledger-entry.ts";
import type { Micros } from "#domain/money.ts";
import type { Allotment, AllotmentId, Charge } from "./charge.ts";
import type { DirectoryCopy } from "./directory-copy.ts";
import type { Registers } from "./registers.ts";

/** One set. Disposing it closes its writers cleanly, so that readers need not wait for their silence. */
export interface Store extends AsyncDisposable {
  readonly set: SetId;
  readonly region: string;

  /**
   * Commits one step atomically, majority-acknowledged and journaled before it resolves. Never rejects for operational
   * reasons: the result says what is certain. Bounds: each chunk ≤ CHUNK_ITEMS_MAX items and CHUNK_BYTES_MAX bytes.
   */
  commit(step: Step): Promise<CommitResult>;

  /**
   * Claims ready chunks of `lanes` until `itemsMax` items are in hand (at least one chunk, whatever its size). The
   * lease runs by the set's clock; `Hold.deadline` is its safe end by the caller's monotonic clock. Roughly first in,
   * first out; no order is promised. Empty when nothing is ready. Throws StoreError when the set cannot be reached.
   */
  claim(options: ClaimOptions): Promise<readonly Hold[]>;

  /**
   * Claims, from any lane, chunks whose `actBy` has passed and that nobody holds; marks stay where they are. For the
   * sweep that sees to messages whose provider has no connector left.
   */
  claimOverdue(options: Omit<ClaimOptions, "lanes" | "markAhead" | "only">): Promise<readonly Hold[]>;

  /** Extends leases by `leaseMs` from now and returns the holds that are still ours, with their new deadlines. */
  renew(holds: readonly Hold[], leaseMs: number): Promise<readonly Hold[]>;

  /** Gives chunks back unprocessed, ready again after `delayMs`, never to the head. Lost leases are left alone. */
  release(leases: readonly Lease[], delayMs: number): Promise<void>;

  /** The chunks of lane `dead` in the order of their ids, for people: nothing is claimed. */
  dead(page: { readonly after?: ChunkId; readonly max: number }): Promise<readonly WaitingChunk[]>;

  /**
   * A bell that rings when chunks may have become ready on one of `lanes`: waiting for it costs an idle set next to
   * nothing, and ends within milliseconds of a commit, whoever made it. Dispose it when done. While it is out of order
   * (the set away, or so busy that listening would cost more than looking) waits end after `pollMs`.
   */
  bell(lanes: readonly Lane[], options: { readonly pollMs: number }): Bell;

  /**
   * Waiting chunks and items by lane: ready, held and delayed together. For people and metrics, never for decisions.
   */
  depth(): Promise<ReadonlyMap<Lane, LaneDepth>>;

  readonly events: EventLog;
  readonly directory: DirectoryCopy;
  readonly registers: Registers;

  /** Which of these (account, number) pairs are opted out. */
  optedOut(pairs: readonly OptOutKey[]): Promise<ReadonlySet<OptOutKey>>;

  /**
   * The latest change of every pair, in the order of their keys, at most `max` after `after`: for another set that is
   * to hold them too.
   */
  optOutChanges(page: { readonly after?: OptOutKey; readonly max: number }): Promise<readonly OptOutChange[]>;

  /** The sends that took these keys: within the last SEND_KEY_HOURS_MAX, or ever where they are taken forever. */
  findSendKeys(keys: readonly SendKeyId[]): Promise<ReadonlyMap<SendKeyId, SendRecord>>;

  /**
   * What is left of these allotments; one that was never given anything is not in the answer. `atOnce`: as they stood
   * at one moment; otherwise a step that is committed meanwhile may be seen in some of them and not in others.
   */
  balances(
    allotments: readonly AllotmentId[],
    options?: { readonly atOnce: true },
  ): Promise<ReadonlyMap<AllotmentId, Micros>>;

  /** Those that hold something, in the order of their ids, at most `max` after `after`. */
  allotments(page: { readonly after?: AllotmentId; readonly max: number }): Promise<readonly Allotment[]>;

  /** How the set stands by its own word. Nobody's say but its own counts: a copy of its past looks like itself. */
  standing(): Promise<Standing>;

  /** Makes it say so; durable on a majority when it resolves. */
  declareStanding(standing: Standing): Promise<void>;

  /** Rejects with StoreError unless a majority write can be expected to work now. */
  ping(): Promise<void>;
}

/** `restored`: it came out of a backup, and has not been reconciled with what was known of it. It must not send. */
export type Standing = "in_service" | "restored";

export interface Step {
  /** Held chunks that are done with: they vanish. */
  readonly acks?: readonly Lease[];
  /** Held chunks that stay held, with progress. */
  readonly marks?: readonly MarkAdvance[];
  readonly events?: readonly MessageEvent[];
  /** What `charges` that no message pays for mean. */
  readonly entries?: readonly LedgerEntry[];
  readonly chunks?: readonly NewChunk[];
  readonly optOuts?: readonly OptOutChange[];
  /** Keyed requests, each once: all their keys are free and taken by this step, or nothing of it is committed. */
  readonly sendKeys?: readonly SendKey[];
  /** Money, each allotment once: it holds what is taken from it, or nothing of the step is committed. */
  readonly charges?: readonly Charge[];
  /** Alerts have a writer of their own, so that they never wait behind the bulk's steps. */
  readonly urgent?: boolean;
}

export type CommitResult =
  /** Visible, durable on a majority. */
  | { readonly type: "committed" }
  /** Not visible and never will be: another has the lease of one of the step's chunks. */
  | { readonly type: "lease_lost" }
  /** Not visible and never will be: these keys were taken before. The rest may be committed without them. */
  | { readonly type: "key_taken"; readonly taken: ReadonlyMap<SendKeyId, SendRecord> }
  /** Not visible and never will be: this allotment holds less than the step takes from it. */
  | { readonly type: "credit_short"; readonly allotment: AllotmentId }
  /** Not visible and never will be: the set said no, or was not reached, or the step's number was voided. */
  | { readonly type: "failed"; readonly error: StoreError }
  /**
   * Nobody can tell yet. It may become visible; it must not be repeated under another id. `settle` asks once more, and
   * ends the doubt where the set answers by then; absent where a driver has no way to.
   */
  | { readonly type: "unknown"; readonly error: StoreError; readonly settle?: () => Promise<Settled> };

/** Certain, and for good, but for `unknown`. */
export type Settled = "committed" | "failed" | "unknown";

export interface NewChunk {
  /** The same id on every retry: committing it twice stores it once. */
  readonly id: ChunkId;
  readonly lane: Lane;
  readonly items: readonly unknown[];
  /** Not claimed before this many milliseconds have passed on the set's clock. */
  readonly delayMs?: number;
  /** By the set's clock, in milliseconds since the epoch: then somebody must see to it even if no connector does. */
  readonly actBy?: number;
  /** Send positions in the chunk (segments); 0 for lanes that do not submit. */
  readonly positions?: number;
}

export type SendKeyId = Brand<string, "SendKeyId">;
/** A request is known by its account and the key that its sender gave it. */
export function sendKeyId(account: AccountId, key: string): SendKeyId {
  return `${account}|${key}` as SendKeyId;
}

/** One keyed request (invariant I11): a key makes its messages once, across edges and retries. */
export interface SendKey {
  readonly id: SendKeyId;
  readonly record: SendRecord;
  /** It is never forgotten, instead of after SEND_KEY_HOURS_MAX. All keys of a step are, or none is. */
  readonly forever?: true;
}

/** What a repetition of the request is answered from. */
export interface SendRecord {
  /** Of the request's content: the same key with another content is a mistake of its sender. */
  readonly fingerprint: string;
  readonly ids: readonly MessageId[];
  /** When they were accepted, in milliseconds since the epoch. */
  readonly at: number;
}

/** A hint and never data: it may ring for nothing. What it misses is rung for when a lane is next looked at. */
export interface Bell extends Disposable {
  /**
   * True at the next ring, at once if it rang since the last wait; false after `ms` without one, or when `signal`
   * aborts.
   */
  wait(ms: number, signal: AbortSignal): Promise<boolean>;
}

/** Proof of a claim. Only `claim` makes one; a settle is judged by its token, not by the clock. */
export type Lease = Brand<
  {
    readonly chunk: ChunkId;
    /** Null: of a tentative claim, on a chunk that carries none. */
    readonly token: string | null;
    /** Nothing says that the chunk is taken. */
    readonly tentative?: true;
  },
  "Lease"
>;

export interface ClaimOptions {
  /**
   * In their order of preference. One that had work and was passed over LANE_SKIPS_MAX times goes first once, so that
   * none starves.
   */
  readonly lanes: readonly Lane[];
  readonly itemsMax: number;
  readonly leaseMs: number;
  /** Who holds it, for operators. */
  readonly owner: string;
  /**
   * Raises the send mark this many positions beyond what it was; 0 on lanes that do not submit. Of several chunks each
   * gets no more than it has items: together no more than `itemsMax`, whatever their segments.
   */
  readonly markAhead?: number;
  /** Nothing but these chunks. */
  readonly only?: readonly ChunkId[];
  /**
   * Chunks may be taken without writing that they are: others may hold them too, and the first step that acknowledges
   * one wins; the others' are `lease_lost`. For work without effects outside its step, at a third less than its cost. A
   * permission: where steps are lost, claims are written again for a while. `deliveries` does not count it.
   */
  readonly tentative?: boolean;
  /**
   * Nothing of what is claimed may be rolled back: it takes effect beyond its set before its step does; or a majority
   * is asked for what came with it.
   */
  readonly durable?: boolean;
}

/** A chunk as it stands on its lane. */
export interface WaitingChunk {
  readonly id: ChunkId;
  readonly items: readonly unknown[];
  readonly deliveries: number;
  /** In milliseconds since the epoch, by the set's clock. */
  readonly enqueuedAt: number;
}

/** A claimed chunk. */
export interface Hold {
  readonly lease: Lease;
  readonly lane: Lane;
  readonly items: readonly unknown[];
  /** How often it has been claimed, this time included. */
  readonly deliveries: number;
  /** By Clock.monotonic(): after it nothing may be done in this hold's name. */
  readonly deadline: number;
  /** When it was enqueued, by its set's clock, in milliseconds since the epoch. */
  readonly enqueuedAt: number;
  readonly progress: Progress;
}

/**
 * Progress through the send positions of a chunk. No position at or beyond `mark` may reach a socket. What lies below
 * `priorMark` (the mark before this claim) without being settled is in doubt; what lies at or above it is clean.
 */
export interface Progress {
  readonly positions: number;
  readonly mark: number;
  readonly priorMark: number;
  /** Every position below it is settled. */
  readonly settledTo: number;
  /** Settled positions above `settledTo`, ascending. */
  readonly settledBeyond: readonly number[];
}

/** Raises the send mark and records what is settled. Neither ever goes back. */
export interface MarkAdvance {
  readonly lease: Lease;
  readonly mark: number;
  readonly settledTo: number;
  readonly settledBeyond: readonly number[];
}

export interface LaneDepth {
  readonly chunks: number;
  readonly items: number;
  /** Milliseconds the oldest chunk has been waiting; 0 when there is none. */
  readonly oldestMs: number;
}

export type OptOutKey = Brand<string, "OptOutKey">;
export function optOutKey(account: AccountId, number: string): OptOutKey {
  return `${account}|${number}` as OptOutKey;
}
export function parseOptOutKey(key: OptOutKey): Pick<OptOutChange, "account" | "number"> {
  const bar = key.indexOf("|");
  return { account: key.slice(0, bar) as AccountId, number: key.slice(bar + 1) as E164 };
}

/** The append-only log of a set. */
export interface EventLog {
  /**
   * Committed batches after each position, per writer in order and without gaps, at most `batchesMax` in all, and none
   * after the one with which they hold `eventsMax` events (default EVENTS_READ_MAX). Complete only in what it returns:
   * a later read may return more. `void` and `closed` batches are returned too.
   */
  read(after: ReadonlyMap<WriterId, number>, batchesMax: number, eventsMax?: number): Promise<readonly EventBatch[]>;
  /** All writers ever registered and not yet forgotten. */
  writers(): Promise<readonly WriterRecord[]>;
  /** Ends writers that have been silent for `silentMs` by a closed batch, which fences them. Returns how many. */
  endSilentWriters(silentMs: number): Promise<number>;
  /**
   * Makes room for the months to come, where the driver keeps the log by the month, and returns the months that were
   * made. Idempotent; call it daily. Throws StoreError, also where our user may not.
   */
  openMonths(): Promise<readonly string[]>;
  /** Events before it may have been dropped for good, in milliseconds since the epoch; 0: all are there. */
  keptSince(): Promise<number>;
  /**
   * Puts batches back that this set has lost, at their own numbers, and returns those whose number is taken by another
   * batch: these are not there. For a restored set only, before anybody writes to it. Twice is as once.
   */
  putBack(batches: readonly EventBatch[]): Promise<readonly EventBatch[]>;
  /** Every event of one message, in no particular order. */
  ofMessage(id: MessageId): Promise<readonly MessageEvent[]>;
  /** The same for many at the cost of about one; one that has none is not in the answer. At most MESSAGES_READ_MAX. */
  ofMessages(ids: readonly MessageId[]): Promise<ReadonlyMap<MessageId, readonly MessageEvent[]>>;
  /**
   * The submits that were given these provider ids (normalised), by id, newest first: providers use ids again. Of an id
   * that was used in several months, those of the newest one.
   */
  findSubmitted(
    provider: ProviderId,
    providerMessageIds: readonly string[],
  ): Promise<ReadonlyMap<string, readonly SubmittedSegment[]>>;
  /** The newest message from each of our numbers to each handset, by conversation key. */
  findConversations(keys: readonly ConversationKey[]): Promise<ReadonlyMap<ConversationKey, ConversationMessage>>;
}

export interface EventBatch {
  readonly writer: WriterId;
  readonly sequence: number;
  /** By the set's clock as the writer knew it, in milliseconds since the epoch. */
  readonly at: number;
  /** `void`: this number was given up. `closed`: the writer has ended; nothing follows. Both have no events. */
  readonly kind: "events" | "void" | "closed";
  readonly events: readonly MessageEvent[];
  readonly entries?: readonly LedgerEntry[];
}

export interface WriterRecord {
  readonly writer: WriterId;
  /** Milliseconds since it was last heard of, by the set's clock. */
  readonly silentMs: number;
  readonly closed: boolean;
}

export interface SubmittedSegment {
  readonly message: MessageId;
  readonly segment: number;
  readonly at: number;
  /** The account that waits for its receipt. */
  readonly notify?: AccountId;
}

/** (our number, handset): the pair that a reply carries. */
export type ConversationKey = Brand<string, "ConversationKey">;
export function conversationKey(number: string, handset: string): ConversationKey {
  return `${number}|${handset}` as ConversationKey;
}

export interface ConversationMessage {
  readonly message: MessageId;
  readonly account: AccountId;
  readonly at: number;
}

export type StoreErrorCode =
  | "store_unreachable"
  | "store_timeout"
  | "store_refused"
  /** Another step that is under way, or was left open by a process that died, holds a send key of this one. */
  | "key_contended"
  | "writer_fenced"
  | "schema_outdated"
  | "store_corrupt";

/** An operational failure of a set, wrapped once, where it is known what was being done. */
export class StoreError extends Error {
  readonly code: StoreErrorCode;
  readonly retryable: boolean;

  constructor(
    code: StoreErrorCode,
    message: string,
    options: { readonly retryable: boolean; readonly cause?: unknown },
  ) {
    super(message, { cause: options.cause });
    this.name = "StoreError";
    this.code = code;
    this.retryable = options.retryable;
  }
}
