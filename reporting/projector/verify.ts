/**
 * Compares PostgreSQL with the fold of the sets' own events (invariant I6): every row of every table, up to the
 * checkpoint. It holds the states of a whole set in memory, and reads one moment of PostgreSQL; it changes nothing.
 * Messages from before what the set still keeps have lost events there, and are left out.
 */

import type { EventBatch, Store } from "#core/store/store.ts";
import type { MessageEvent } from "#domain/event.ts";
import { applyEvent, emptyMessageState, type MessageState } from "#domain/fold.ts";
import { type MessageId, type SetId, timeOfMessage } from "#domain/ids.ts";
import type { Cell, ReportsDatabase, ReportsTransaction } from "../reports-database.ts";
import { timestamp } from "./cell-text.ts";
import { type Positions, readPositions } from "./checkpoint.ts";
import {
  type ColumnType,
  type FactTable,
  messageTable,
  repliesOf,
  replyTable,
  rowOf,
  segmentsOf,
  segmentTable,
  toMessage,
} from "./fact-tables.ts";
import { createRollupMoves, rollupKeyColumns } from "./rollup.ts";

export interface Difference {
  readonly set: SetId;
  readonly table: string;
  readonly key: string;
  /** The row by the fold of the set's events; undefined where there should be none. */
  readonly expected: string | undefined;
  /** The row in PostgreSQL. */
  readonly found: string | undefined;
}

const READ_BATCHES = 500;
/** The clocks that ids and events are stamped by are never this far apart. */
const CLOCK_MARGIN_MS = 3_600_000;

/** What of a set is compared, by when it was accepted; a minute of the rollups only with all messages of it. */
interface Kept {
  message(id: string): boolean;
  minute(text: string): boolean;
}

function keptSince(since: number): Kept {
  const from = since === 0 ? 0 : since + CLOCK_MARGIN_MS;
  return {
    message: (id) => timeOfMessage(id as MessageId) >= from,
    minute: (text) => from === 0 || Date.parse(text) >= from + CLOCK_MARGIN_MS,
  };
}

/**
 * Returns every difference, none when the reports equal the fold. What PostgreSQL has not read yet is not compared.
 * Throws StoreError or ReportsDatabaseError.
 */
export async function verify(deps: {
  readonly database: ReportsDatabase;
  readonly stores: readonly Store[];
}): Promise<readonly Difference[]> {
  const differences: Difference[] = [];
  for (const store of deps.stores) {
    differences.push(...(await deps.database.transaction((transaction) => verifySet(transaction, store))));
  }
  return differences;
}

async function verifySet(transaction: ReportsTransaction, store: Store): Promise<readonly Difference[]> {
  await transaction.script("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY");
  const positions = await readPositions(transaction, store.set);
  const kept = keptSince(await store.events.keptSince());
  const events = new Map<string, string>();
  const states = new Map<MessageId, MessageState>();
  for await (const batch of readUpTo(store, positions)) {
    for (const [index, event] of batch.events.entries()) {
      if (!kept.message(event.message)) continue;
      events.set(`${event.message} ${batch.writer} ${batch.sequence} ${index}`, eventRow(event));
      states.set(event.message, applyEvent(states.get(event.message) ?? emptyMessageState, event));
    }
  }
  const messages = [...states].flatMap(([id, state]) => toMessage(id, state) ?? []);
  const expected: readonly (readonly [string, ReadonlyMap<string, string>])[] = [
    ["godwit.event", events],
    factRows(messageTable, messages),
    factRows(
      segmentTable,
      messages.flatMap(({ id, state }) => segmentsOf(id, state)),
    ),
    factRows(
      replyTable,
      messages.flatMap(({ id, state }) => repliesOf(id, state)),
    ),
    ["godwit.rollup_minute", rollupRows(messages, kept)],
  ];
  const differences: Difference[] = [];
  for (const [table, rows] of expected) {
    const found = await foundRows(transaction, { set: store.set, table, kept });
    differences.push(...compare(rows, found).map((difference) => ({ set: store.set, table, ...difference })));
  }
  return differences;
}

async function* readUpTo(store: Store, positions: Positions): AsyncGenerator<EventBatch> {
  const at = new Map([...positions.keys()].map((writer) => [writer, 0]));
  while (at.size > 0) {
    const batches = await store.events.read(at, READ_BATCHES);
    for (const batch of batches) {
      if (batch.sequence > (positions.get(batch.writer)?.sequence ?? 0)) continue;
      at.set(batch.writer, batch.sequence);
      yield batch;
    }
    for (const [writer, sequence] of at) if (sequence === positions.get(writer)?.sequence) at.delete(writer);
    if (batches.length === 0) return;
  }
}

function compare(
  expected: ReadonlyMap<string, string>,
  found: ReadonlyMap<string, string>,
): readonly Omit<Difference, "set" | "table">[] {
  return [...new Set([...expected.keys(), ...found.keys()])]
    .map((key) => ({ key, expected: expected.get(key), found: found.get(key) }))
    .filter((row) => row.expected !== row.found);
}

/** An event by its type, time and content; the order of its fields says nothing. */
function eventRow({ message: _, type, at, ...data }: MessageEvent): string {
  return JSON.stringify([type, timestamp(at), canonical(data)]);
}

function canonical(value: unknown): unknown {
  if (typeof value === "string") return value.replaceAll("\0", "\ufffd").toWellFormed();
  if (Array.isArray(value)) return value.map(canonical);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).filter(([, inner]) => inner !== undefined);
  return Object.fromEntries(entries.map(([key, inner]) => [key, canonical(inner)] as const).sort(byKey));
}

function byKey([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1;
}

function factRows<Source>(
  table: FactTable<Source>,
  sources: readonly Source[],
): readonly [string, Map<string, string>] {
  return [table.name, new Map(sources.map((source) => keyed(rowOf(table, source), table.keyColumns)))];
}

function rollupRows(
  messages: readonly { readonly id: MessageId; readonly state: MessageState }[],
  kept: Kept,
): Map<string, string> {
  const minute = rollupKeyColumns.indexOf("minute");
  const moves = createRollupMoves();
  for (const { id, state } of messages) moves.move(id, emptyMessageState, state);
  return new Map(
    moves.moves().flatMap(({ key, messages: count, segments, totalMicros }) => {
      if (!kept.minute(String(key[minute]))) return [];
      return [keyed([...key, `${count}`, `${segments}`, `${totalMicros}`], key.length)];
    }),
  );
}

function keyed(cells: readonly Cell[], keyColumns: number): [string, string] {
  return [cells.slice(0, keyColumns).join(" "), JSON.stringify(cells)];
}

const eventColumns: readonly [string, ColumnType][] = [
  ["message_id", "text"],
  ["writer", "text"],
  ["sequence", "bigint"],
  ["idx", "integer"],
  ["type", "text"],
  ["at", "timestamptz"],
  ["data", "json"],
];
const rollupColumns: readonly [string, ColumnType][] = [
  ...rollupKeyColumns.map((name): [string, ColumnType] => [name, name === "minute" ? "timestamptz" : "text"]),
  ["messages", "bigint"],
  ["segments", "bigint"],
  ["total_micros", "bigint"],
];

/** All rows of a set by key, each column as the projector writes it. */
async function foundRows(
  transaction: ReportsTransaction,
  { set, table, kept }: { readonly set: SetId; readonly table: string; readonly kept: Kept },
): Promise<Map<string, string>> {
  const described = [messageTable, segmentTable, replyTable].find(({ name }) => name === table);
  const isEvent = table === "godwit.event";
  const columns = described?.columns.map(({ name, type }): [string, ColumnType] => [name, type]);
  const named = columns ?? (isEvent ? eventColumns : rollupColumns);
  const keyColumns = described?.keyColumns ?? (isEvent ? 4 : rollupKeyColumns.length);
  const owner = named.some(([name]) => name === "set_id") ? "set_id" : "split_part(message_id, '-', 1)";
  const selected = named.map(([name, type]) => `${asText(name, type)} AS ${name}`).join(", ");
  const { rows } = await transaction.run(`SELECT ${selected} FROM ${table} WHERE ${owner} = $1`, [set]);
  const isCompared = (row: Readonly<Record<string, unknown>>): boolean =>
    "minute" in row ? kept.minute(String(row.minute)) : kept.message(String(row.message_id ?? row.id));
  return new Map(
    rows.filter(isCompared).map((row) => {
      const [key, text] = keyed(
        named.map(([name]) => row[name] as Cell),
        keyColumns,
      );
      if (!isEvent) return [key, text] as const;
      return [key, JSON.stringify([row.type, row.at, canonical(JSON.parse(String(row.data)))])] as const;
    }),
  );
}

function asText(name: string, type: ColumnType): string {
  return type === "timestamptz"
    ? `to_char(${name} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`
    : `${name}::text`;
}
