/**
 * The tables that have rows of messages, as streams in the order of message ids, and what the fold says that these rows
 * should be. Both are texts by key.
 */
import { canonicalJson } from "#domain/canonical-json.ts";
import type { MessageEvent } from "#domain/event.ts";
import type { MessageState } from "#domain/fold.ts";
import type { MessageId, SetId } from "#domain/ids.ts";
import { readCursor } from "../read-cursor.ts";
import type { Cell, ReportsTransaction, Row } from "../reports-database.ts";
import {
  type ColumnType,
  chargesOf,
  chargeTable,
  type FactTable,
  messageTable,
  repliesOf,
  replyTable,
  rowOf,
  segmentsOf,
  segmentTable,
  toMessage,
} from "./fact-tables.ts";
import { type OrderedGroups, openOrderedGroups } from "./ordered-groups.ts";

/** An event with its place in the log of its set. */
export interface LoggedEvent {
  readonly writer: string;
  readonly sequence: string;
  readonly index: string;
  readonly event: MessageEvent;
  /** JSON, as PostgreSQL can hold it, of all of it but its message, type and time. */
  readonly data: string;
}

/** Of a row with these columns. */
export function toLogged({ message_id: message, writer, sequence, idx, type, at, data }: Row): LoggedEvent {
  const event = { ...(JSON.parse(String(data)) as object), message, type, at: Number(at) } as unknown as MessageEvent;
  return {
    writer: String(writer),
    sequence: String(sequence),
    index: String(idx),
    event,
    data: String(data),
  };
}

/** A message as far as the reports have read it. */
export interface ReadMessage {
  readonly id: MessageId;
  readonly events: readonly LoggedEvent[];
  readonly state: MessageState;
}

/** Rows of a table by key. */
export type KeyedRows = ReadonlyMap<string, string>;

export interface ReportStream {
  readonly table: string;
  readonly groups: OrderedGroups;
  readonly found: (rows: readonly Row[]) => KeyedRows;
  readonly expected: (message: ReadMessage) => KeyedRows;
  /** Whether two texts that differ say the same. */
  readonly isSame: (a: string, b: string) => boolean;
}

/** One stream a table, of one set or of all. */
export function openReportStreams(
  transaction: ReportsTransaction,
  set: SetId | undefined,
): Promise<readonly ReportStream[]> {
  return Promise.all([
    openEvents(transaction, set),
    openFacts(transaction, set, messageTable, (id, state) => {
      const message = toMessage(id, state);
      return message === undefined ? [] : [message];
    }),
    openFacts(transaction, set, segmentTable, segmentsOf),
    openFacts(transaction, set, replyTable, repliesOf),
    openFacts(transaction, set, chargeTable, chargesOf),
  ]);
}

/** Index: primary keys, which begin with `message_id`. Ids of a set begin with its name and "-"; "." follows that. */
const OF_SET = "WHERE message_id >= $1 AND message_id < $1 || '.'";

const EVENTS = `
SELECT message_id, writer, sequence::text AS sequence, idx::text AS idx, type,
       (extract(epoch FROM at) * 1000)::bigint::text AS at, data::text AS data
FROM godwit.event`;

async function openEvents(transaction: ReportsTransaction, set: SetId | undefined): Promise<ReportStream> {
  const ofSet = set === undefined ? { where: "", parameters: [] } : { where: OF_SET, parameters: [set] };
  const query = { text: `${EVENTS} ${ofSet.where} ORDER BY message_id`, parameters: ofSet.parameters };
  return {
    table: "godwit.event",
    groups: await openOrderedGroups(readCursor(transaction, "godwit_event", query), "message_id"),
    found: (rows) =>
      new Map(
        rows.map((row) => [
          `${row.message_id} ${row.writer} ${row.sequence} ${row.idx}`,
          `${row.type} ${row.at} ${row.data}`,
        ]),
      ),
    expected: ({ id, events }) =>
      new Map(
        events.map(({ writer, sequence, index, event: { type, at }, data }) => [
          `${id} ${writer} ${sequence} ${index}`,
          `${type} ${at} ${data}`,
        ]),
      ),
    isSame: (a, b) => withOrderedFields(a) === withOrderedFields(b),
  };
}

/** Of "type at data": what is found may be any JSON. */
function withOrderedFields(event: string): string {
  const start = event.indexOf(" ", event.indexOf(" ") + 1);
  return event.slice(0, start) + canonicalJson(JSON.parse(event.slice(start)));
}

async function openFacts<Source>(
  transaction: ReportsTransaction,
  set: SetId | undefined,
  table: FactTable<Source>,
  sourcesOf: (id: MessageId, state: MessageState) => readonly Source[],
): Promise<ReportStream> {
  const columns = table.columns.map(({ name, type }) => `${asText(name, type)} AS ${name}`).join(", ");
  const key = table.columns[0]?.name ?? "";
  const ofSet = table.columns.some(({ name }) => name === "set_id") ? "WHERE set_id = $1" : OF_SET;
  const query = {
    text: `SELECT ${columns} FROM ${table.name} ${set === undefined ? "" : ofSet} ORDER BY ${table.name}.${key}`,
    parameters: set === undefined ? [] : [set],
  };
  const toKeyed = (cells: readonly Cell[]): [string, string] => [
    cells.slice(0, table.keyColumns).join(" "),
    JSON.stringify(cells),
  ];
  return {
    table: table.name,
    groups: await openOrderedGroups(readCursor(transaction, table.name.replace(".", "_"), query), key),
    found: (rows) => new Map(rows.map((row) => toKeyed(table.columns.map(({ name }) => row[name] as Cell)))),
    expected: ({ id, state }) =>
      state.accepted === undefined
        ? new Map()
        : new Map(sourcesOf(id, state).map((source) => toKeyed(rowOf(table, source)))),
    isSame: () => false,
  };
}

/** A column in the text that the projector writes. */
export function asText(name: string, type: ColumnType): string {
  return type === "timestamptz"
    ? `to_char(${name} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`
    : `${name}::text`;
}
