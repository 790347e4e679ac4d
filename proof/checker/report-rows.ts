/**
 * The reports' tables as ordered streams, all of one moment, and their rows as text in the form that the fold's rows
 * have.
 */
import type { MessageState } from "#domain/fold.ts";
import type { MessageId } from "#domain/ids.ts";
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
} from "../../reporting/projector/fact-tables.ts";
import { rollupKeyColumns } from "../../reporting/projector/rollup.ts";
import type { Cell, ReportsTransaction } from "../../reporting/reports-database.ts";
import { canonical } from "./batch-hash.ts";
import type { PlacedEvent } from "./fold-message.ts";
import { type OrderedGroups, openOrderedGroups } from "./ordered-groups.ts";
import { type Row, readCursor } from "./workbench.ts";

/** Rows of a table by key. */
export type KeyedRows = ReadonlyMap<string, string>;

export interface ReportStream {
  readonly table: string;
  readonly groups: OrderedGroups;
  readonly found: (rows: readonly Row[]) => KeyedRows;
  /** Whether two texts say the same although they differ. */
  readonly isSame: (a: string, b: string) => boolean;
  readonly expected: (id: MessageId, events: readonly PlacedEvent[], state: MessageState) => KeyedRows;
}

/** One stream a table, in the order of message ids. Indexes: their primary keys. */
export function openReportStreams(transaction: ReportsTransaction): Promise<readonly ReportStream[]> {
  return Promise.all([
    openEvents(transaction),
    openFacts(transaction, messageTable, (id, state) => {
      const message = toMessage(id, state);
      return message === undefined ? [] : [message];
    }),
    openFacts(transaction, segmentTable, segmentsOf),
    openFacts(transaction, replyTable, repliesOf),
  ]);
}

const EVENT_ROWS = `
SELECT message_id, writer, sequence::text AS sequence, idx::text AS idx, type,
       (extract(epoch FROM at) * 1000)::bigint::text AS at, data::text AS data
FROM godwit.event ORDER BY message_id`;

async function openEvents(transaction: ReportsTransaction): Promise<ReportStream> {
  return {
    table: "godwit.event",
    groups: await openOrderedGroups(readCursor(transaction, "godwit_event", EVENT_ROWS), "message_id"),
    found: (rows) =>
      new Map(
        rows.map((row) => [
          `${row.message_id} ${row.writer} ${row.sequence} ${row.idx}`,
          `${row.type} ${row.at} ${row.data}`,
        ]),
      ),
    expected: (id, events) =>
      new Map(
        events.map(({ writer, sequence, index, event: { type, at }, data }) => [
          `${id} ${writer} ${sequence} ${index}`,
          `${type} ${at} ${data}`,
        ]),
      ),
    isSame: (a, b) => canonicalEvent(a) === canonicalEvent(b),
  };
}

/** The order of its fields says nothing, and the reports keep the one that they were given. */
function canonicalEvent(text: string): string {
  const start = text.indexOf("{");
  return text.slice(0, start) + JSON.stringify(canonical(JSON.parse(text.slice(start))));
}

async function openFacts<Source>(
  transaction: ReportsTransaction,
  table: FactTable<Source>,
  sourcesOf: (id: MessageId, state: MessageState) => readonly Source[],
): Promise<ReportStream> {
  const columns = table.columns.map(({ name, type }) => `${asText(name, type)} AS ${name}`).join(", ");
  const key = table.columns[0]?.name ?? "";
  const query = `SELECT ${columns} FROM ${table.name} ORDER BY ${table.name}.${key}`;
  const toKeyed = (cells: readonly Cell[]): [string, string] => [
    cells.slice(0, table.keyColumns).join(" "),
    JSON.stringify(cells),
  ];
  return {
    table: table.name,
    groups: await openOrderedGroups(readCursor(transaction, table.name.replace(".", "_"), query), key),
    isSame: () => false,
    found: (rows) => new Map(rows.map((row) => toKeyed(table.columns.map(({ name }) => row[name] as Cell)))),
    expected: (id, _, state) =>
      state.accepted === undefined
        ? new Map()
        : new Map(sourcesOf(id, state).map((source) => toKeyed(rowOf(table, source)))),
  };
}

const ROLLUP_KEY = rollupKeyColumns
  .map((name) => `${asText(name, name === "minute" ? "timestamptz" : "text")} AS ${name}`)
  .join(", ");
const ROLLUPS = `
SELECT ${ROLLUP_KEY},
       messages::text AS messages, segments::text AS segments, total_micros::text AS total_micros
FROM godwit.rollup_minute`;

/** As many as there are minutes, accounts and states: they fit into memory. */
export async function readRollups(transaction: ReportsTransaction): Promise<KeyedRows> {
  const { rows } = await transaction.run(ROLLUPS);
  return new Map(
    rows.map((row) => [
      rollupKeyColumns.map((name) => row[name]).join(" "),
      rollupText({ messages: row.messages, segments: row.segments, totalMicros: row.total_micros }),
    ]),
  );
}

export function rollupText(of: {
  readonly messages: unknown;
  readonly segments: unknown;
  readonly totalMicros: unknown;
}): string {
  return `${of.messages} messages, ${of.segments} segments, ${of.totalMicros} micros`;
}

function asText(name: string, type: ColumnType): string {
  return type === "timestamptz"
    ? `to_char(${name} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`
    : `${name}::text`;
}
