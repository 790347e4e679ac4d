/**
 * What a run leaves for the checks: what each vantage point saw (customers, provider, nemesis, those who look at the
 * sets), and what the sets held in the end. Times are milliseconds since the run began; the past is before 0.
 */

import type { AllotmentId } from "#core/store/charge.ts";
import type { RecordChange } from "#core/store/directory-copy.ts";
import type { EventBatch } from "#core/store/store.ts";
import type { MessageEvent } from "#domain/event.ts";
import type { MessageState } from "#domain/fold.ts";
import type { AccountId, MessageId, SetId } from "#domain/ids.ts";
import type { SubmitResult } from "../../connectors/connector.ts";
import type { CommitAnswer } from "../../edge/pending-send.ts";
import type { Submission } from "../../edge/plan-step.ts";
import type { AppliedFault } from "./nemesis/fault-table.ts";

/** One thing that a customer wants sent, however often it is tried. Its text holds a word that no other has. */
export interface SendOperation {
  readonly name: string;
  readonly submission: Submission;
  readonly key: string | undefined;
  readonly attempts: Attempt[];
}

/** `lost`: no answer came; it may have happened. `not_sent`: it never reached an edge. */
export type AttemptEnd = CommitAnswer | { readonly type: "lost" } | { readonly type: "not_sent" };

export interface Attempt {
  readonly edge: string;
  readonly at: number;
  endAt?: number;
  end?: AttemptEnd;
}

/** One segment as it was written to a provider's link. */
export interface SubmitRecord {
  readonly at: number;
  /** The same by the clock of its connector, in milliseconds since the epoch. */
  readonly clockAt: number;
  readonly connector: string;
  readonly message: MessageId;
  readonly segment: number;
  readonly to: string;
  readonly from: string;
  readonly part: string;
  /** Where its position stood, as it was written, to the mark that a majority had of the chunk its writer claimed. */
  readonly mark: "below" | "beyond";
  /** Whether that chunk was still its writer's. */
  readonly lease: "held" | "lost";
  /** How often a majority had been told by then that it is in doubt, and sent again. */
  readonly resends: number;
  /** Its opt-out was acknowledged, and it was not below a mark then. */
  readonly isOptedOut: boolean;
  /** What its connector was left with, where it heard no answer. */
  unanswered?: Extract<SubmitResult, { type: "unknown" }>["reason"];
  /** What the provider did when it came; absent: it never came. */
  result?: "accepted" | "refused" | "dropped";
  providerMessageId?: string;
  /** How long the provider took to answer; absent: it never did. */
  answerMs?: number;
}

export interface ReceiptRecord {
  readonly at: number;
  readonly providerMessageId: string;
  /** The segment that had this id when it was submitted: an id comes again. */
  readonly message: MessageId;
  readonly segment: number;
  readonly state: string;
  tries: number;
  acknowledgedAt?: number;
}

export interface ReplyRecord {
  readonly at: number;
  /** The handset. */
  readonly from: string;
  readonly to: string;
  readonly text: string;
  /** Of a reply of several parts: what they are joined by. */
  readonly reference?: number;
  tries: number;
  acknowledgedAt?: number;
}

/** A STOP that every set had: acknowledged, by invariant I12. */
export interface OptOutRecord {
  /** account|handset */
  readonly pair: string;
  readonly at: number;
  /** A START that was said after it. */
  startSaidAt?: number;
}

/** A set that the operator drained; he says so until it is made, which may take as long as the directory is away. */
export interface DrainRecord {
  readonly set: SetId;
  readonly from: number;
  until: number;
}

/** A set as a majority had it at the end. */
export interface SetRecord {
  readonly set: SetId;
  readonly batches: readonly EventBatch[];
  readonly chunks: readonly ChunkRecord[];
  /** account|number of those that are opted out. */
  readonly optOuts: ReadonlySet<string>;
  readonly money: ReadonlyMap<AllotmentId, bigint>;
  readonly directory: DirectoryHeld;
}

/** A set's copy of the directory. */
export interface DirectoryHeld {
  /** In the order of their numbers. */
  readonly changes: readonly { readonly id: string; readonly writes: readonly RecordChange[] }[];
  /** Bodies by key. */
  readonly records: ReadonlyMap<string, string>;
}

export interface PaidRecord {
  readonly micros: bigint;
  /** It may not do for all that is sent. */
  readonly isTight: boolean;
}

export interface ChunkRecord {
  readonly id: string;
  readonly lane: string;
  readonly mark: number;
  readonly items: readonly unknown[];
}

/** What is known of a segment from the submit chunks that it was in. */
export interface LaneRecord {
  /** The most claims that any of these has seen. */
  readonly deliveries: number;
  /** It was below a mark at some time. */
  readonly isMarked: boolean;
}

/** Something that was wrong at a moment of the run, and may not be at its end. */
export interface Observation {
  readonly at: number;
  readonly check: "step-atomicity" | "append-only" | "inbound-durable";
  readonly what: string;
}

/** What reporting made of the events. */
export interface ReportRecord {
  readonly states: ReadonlyMap<MessageId, MessageState>;
  /** Rollup key → messages. */
  readonly rollups: ReadonlyMap<string, number>;
  /** Events of batches as they were read, as text, by the id of the batch. */
  readonly read: ReadonlyMap<string, string>;
}

export interface History {
  readonly operations: readonly SendOperation[];
  /** When a worker knew that it was routed; a step whose answer was lost is not told. */
  readonly routedAt: ReadonlyMap<MessageId, number>;
  readonly submits: readonly SubmitRecord[];
  /** By `message/segment`. */
  readonly onLanes: ReadonlyMap<string, LaneRecord>;
  readonly receipts: readonly ReceiptRecord[];
  readonly replies: readonly ReplyRecord[];
  readonly optOuts: readonly OptOutRecord[];
  readonly drained: readonly DrainRecord[];
  /** Ids of the changes of the directory that were acknowledged. */
  readonly directoryChanges: readonly string[];
  readonly faults: readonly AppliedFault[];
  readonly observations: readonly Observation[];
  readonly sets: readonly SetRecord[];
  readonly report: ReportRecord;
  /** Price of a segment, by account. */
  readonly prices: ReadonlyMap<AccountId, bigint>;
  /** What was paid in, by limited account. */
  readonly paid: ReadonlyMap<AccountId, PaidRecord>;
  /** What was still waiting when time was up; empty: everything came to rest. */
  readonly waiting: readonly string[];
  /** Defects that processes logged. */
  readonly defects: readonly string[];
}

/** All events by message, as often as they were said. */
export function eventsByMessage(sets: readonly SetRecord[]): ReadonlyMap<MessageId, readonly MessageEvent[]> {
  const all = sets.flatMap(({ batches }) => batches.flatMap(({ events }) => events));
  return Map.groupBy(all, (event) => event.message);
}
