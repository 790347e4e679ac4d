/**
 * The tables of facts, one line a column: its name, its type and what it says of a message's state. Writing, comparing
 * (verify) and the tests all go by these lines. Pure: a row is a function of the state, so it can always be made again.
 */
import type { LevelBill } from "#domain/event.ts";
import {
  isFinal,
  type MessageState,
  type ReplyState,
  refundedTo,
  rejectionOf,
  replyText,
  type SegmentState,
  statusOf,
} from "#domain/fold.ts";
import { type MessageId, setOfMessage } from "#domain/ids.ts";
import type { Cell } from "../reports-database.ts";
import { callingCode } from "./calling-code.ts";
import { storable, storableJson, timestamp } from "./cell-text.ts";

export type ColumnType = "text" | "json" | "timestamptz" | "bigint" | "integer" | "smallint";

interface Column<Source> {
  readonly name: string;
  readonly type: ColumnType;
  readonly cell: (source: Source) => Cell;
}

export interface FactTable<Source> {
  readonly name: string;
  /** The first columns are the primary key. */
  readonly keyColumns: number;
  /** Columns before this one follow from the accepted event or the key, so an update leaves them out. */
  readonly fixedColumns: number;
  readonly columns: readonly Column<Source>[];
}

/** A state with its accepted event: only such a message is in the reports. */
export interface Message {
  readonly id: MessageId;
  readonly state: MessageState;
  readonly accepted: NonNullable<MessageState["accepted"]>;
}
export interface Segment {
  readonly message: MessageId;
  readonly index: string;
  readonly state: SegmentState;
}
export interface Reply {
  readonly message: MessageId;
  readonly id: string;
  readonly state: ReplyState;
}

export function toMessage(id: MessageId, state: MessageState): Message | undefined {
  return state.accepted === undefined ? undefined : { id, state, accepted: state.accepted };
}

const time = (ms: number | undefined): Cell => (ms === undefined ? null : timestamp(ms));
const text = (value: string | undefined): Cell => (value === undefined ? null : storable(value));
const whole = (value: number | undefined): Cell => (value === undefined ? null : `${value}`);

export const messageTable: FactTable<Message> = {
  name: "godwit.message",
  keyColumns: 1,
  fixedColumns: 14,
  columns: [
    { name: "id", type: "text", cell: (m) => m.id },
    { name: "set_id", type: "text", cell: (m) => setOfMessage(m.id) },
    { name: "account", type: "text", cell: (m) => m.accepted.account },
    { name: "class", type: "text", cell: (m) => m.accepted.class },
    { name: "to_number", type: "text", cell: (m) => m.accepted.to },
    { name: "calling_code", type: "text", cell: (m) => callingCode(m.accepted.to) },
    { name: "from_sender", type: "text", cell: (m) => text(m.accepted.from) },
    { name: "text", type: "text", cell: (m) => text(m.accepted.text) },
    { name: "encoding", type: "text", cell: (m) => m.accepted.encoding },
    { name: "segments", type: "smallint", cell: (m) => whole(m.accepted.segments) },
    { name: "client_reference", type: "text", cell: (m) => text(m.accepted.clientReference) },
    { name: "metadata", type: "json", cell: (m) => (m.accepted.metadata ? storableJson(m.accepted.metadata) : null) },
    { name: "accepted_at", type: "timestamptz", cell: (m) => time(m.accepted.at) },
    { name: "expire_at", type: "timestamptz", cell: (m) => time(m.accepted.expireAt) },
    { name: "status", type: "text", cell: (m) => statusOf(m.state) },
    { name: "routed_at", type: "timestamptz", cell: (m) => time(m.state.routed?.at) },
    { name: "submitted_at", type: "timestamptz", cell: (m) => time(submittedAt(m.state)) },
    { name: "final_at", type: "timestamptz", cell: (m) => time(finalAt(m.state)) },
    { name: "provider", type: "text", cell: (m) => text(m.state.routed?.provider) },
    { name: "attempt", type: "integer", cell: (m) => whole(m.state.routed?.attempt) },
    { name: "route_prefix", type: "text", cell: (m) => text(m.state.routed?.prefix) },
    { name: "price_prefix", type: "text", cell: (m) => text(m.state.billed?.prefix) },
    { name: "price_micros", type: "bigint", cell: (m) => m.state.billed?.priceMicros ?? null },
    { name: "total_micros", type: "bigint", cell: (m) => m.state.billed?.totalMicros ?? null },
    { name: "refunded_micros", type: "bigint", cell: (m) => refundedMicros(m.state, m.accepted.account) },
    { name: "currency", type: "text", cell: (m) => text(m.state.billed?.currency) },
    { name: "reject_reason", type: "text", cell: (m) => text(rejectionOf(m.state)?.reason) },
    { name: "reject_detail", type: "text", cell: (m) => text(rejectionOf(m.state)?.detail) },
    { name: "doubts", type: "integer", cell: (m) => whole(doubts(m.state)) },
    { name: "replies", type: "integer", cell: (m) => whole(wholeReplies(m.state)) },
  ],
};

export const segmentTable: FactTable<Segment> = {
  name: "godwit.segment",
  keyColumns: 2,
  fixedColumns: 2,
  columns: [
    { name: "message_id", type: "text", cell: (s) => s.message },
    { name: "segment", type: "smallint", cell: (s) => s.index },
    { name: "outcome", type: "text", cell: (s) => text(s.state.outcome) },
    { name: "outcome_at", type: "timestamptz", cell: (s) => time(s.state.outcomeAt) },
    { name: "submitted_at", type: "timestamptz", cell: (s) => time(s.state.submittedAt) },
    { name: "provider", type: "text", cell: (s) => text(s.state.provider) },
    { name: "provider_message_id", type: "text", cell: (s) => text(s.state.providerMessageId) },
    { name: "error", type: "text", cell: (s) => text(s.state.error) },
    { name: "doubts", type: "integer", cell: (s) => whole(s.state.doubts?.length ?? 0) },
  ],
};

export const replyTable: FactTable<Reply> = {
  name: "godwit.reply",
  keyColumns: 2,
  fixedColumns: 2,
  columns: [
    { name: "message_id", type: "text", cell: (r) => r.message },
    { name: "reply", type: "text", cell: (r) => text(r.id) },
    { name: "at", type: "timestamptz", cell: (r) => time(r.state.at) },
    { name: "from_number", type: "text", cell: (r) => text(r.state.from) },
    { name: "to_number", type: "text", cell: (r) => text(r.state.to) },
    { name: "text", type: "text", cell: (r) => text(replyText(r.state)) },
    { name: "parts", type: "smallint", cell: (r) => whole(r.state.parts) },
    { name: "parts_received", type: "smallint", cell: (r) => whole(Object.keys(r.state.texts).length) },
  ],
};

/** What an account above pays for a message: `level` 1 is the one right above its own. */
export interface LevelCharge {
  readonly message: MessageId;
  readonly index: string;
  readonly state: MessageState;
  readonly bill: LevelBill;
}

export const chargeTable: FactTable<LevelCharge> = {
  name: "godwit.charge",
  keyColumns: 2,
  fixedColumns: 2,
  columns: [
    { name: "message_id", type: "text", cell: (c) => c.message },
    { name: "level", type: "smallint", cell: (c) => c.index },
    { name: "account", type: "text", cell: (c) => c.bill.account },
    { name: "price_list", type: "text", cell: (c) => text(c.bill.rate?.list) },
    { name: "price_prefix", type: "text", cell: (c) => c.bill.prefix },
    { name: "price_micros", type: "bigint", cell: (c) => c.bill.priceMicros },
    { name: "total_micros", type: "bigint", cell: (c) => c.bill.totalMicros },
    { name: "refunded_micros", type: "bigint", cell: (c) => refundedMicros(c.state, c.bill.account) },
    { name: "currency", type: "text", cell: (c) => c.bill.currency },
  ],
};

/** Those above the message's own account: what that one pays stands with the message. */
export function chargesOf(id: MessageId, state: MessageState): readonly LevelCharge[] {
  return (state.billed?.above ?? []).map((bill, i) => ({ message: id, index: `${i + 1}`, state, bill }));
}

/** Null while nothing was given back. */
function refundedMicros({ refunds = {} }: MessageState, account: string): Cell {
  const micros = refundedTo(account, Object.values(refunds));
  return micros === 0n ? null : `${micros}`;
}

export function rowOf<Source>(table: FactTable<Source>, source: Source): readonly Cell[] {
  return table.columns.map((column) => column.cell(source));
}

export function segmentsOf(id: MessageId, state: MessageState): readonly Segment[] {
  return Object.entries(state.segments).map(([index, segment]) => ({ message: id, index, state: segment }));
}

export function repliesOf(id: MessageId, state: MessageState): readonly Reply[] {
  return Object.entries(state.replies).map(([reply, replyState]) => ({ message: id, id: reply, state: replyState }));
}

function submittedAt(state: MessageState): number | undefined {
  return Object.values(state.segments).reduce<number | undefined>(
    (least, { submittedAt: at }) => (at === undefined || (least !== undefined && least <= at) ? least : at),
    undefined,
  );
}

function finalAt(state: MessageState): number | undefined {
  const rejection = rejectionOf(state);
  if (rejection !== undefined) return rejection.at;
  if (!isFinal(statusOf(state))) return undefined;
  return Math.max(...Object.values(state.segments).map((segment) => segment.outcomeAt ?? 0));
}

function doubts(state: MessageState): number {
  return Object.values(state.segments).reduce((sum, segment) => sum + (segment.doubts?.length ?? 0), 0);
}

function wholeReplies(state: MessageState): number {
  return Object.values(state.replies).filter((reply) => replyText(reply) !== undefined).length;
}
