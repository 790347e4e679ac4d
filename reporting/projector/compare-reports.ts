/**
 * PostgreSQL against the fold of what it has read (invariant I6): every row of every table. Both sides come in the
 * order of message ids, so what is in memory is one message and a page of each table; and the rollups, which grow with
 * minutes, accounts and states, not with messages.
 */
import { emptyMessageState } from "#domain/fold.ts";
import { type MessageId, type SetId, timeOfMessage } from "#domain/ids.ts";
import type { ReportsTransaction } from "../reports-database.ts";
import { asText, type KeyedRows, openReportStreams, type ReadMessage, type ReportStream } from "./report-streams.ts";
import { createRollupMoves, type RollupMoves, rollupKeyColumns } from "./rollup.ts";

export interface Difference {
  readonly table: string;
  readonly key: string;
  /** Whose row it is; undefined for the rollups. */
  readonly message: MessageId | undefined;
  /** The row by the fold of the events; undefined where there should be none. */
  readonly expected: string | undefined;
  /** The row in PostgreSQL. */
  readonly found: string | undefined;
}

/** What is compared, by when it was accepted; a minute of the rollups only with all messages of it. */
export interface Kept {
  message(id: MessageId): boolean;
  minute(text: string): boolean;
}

/** The clocks that ids and events are stamped by are never this far apart. */
const CLOCK_MARGIN_MS = 3_600_000;

/** 0: everything. */
export function keptSince(since: number): Kept {
  const from = since === 0 ? 0 : since + CLOCK_MARGIN_MS;
  return {
    message: (id) => from === 0 || timeOfMessage(id) >= from,
    minute: (text) => from === 0 || Date.parse(text) >= from + CLOCK_MARGIN_MS,
  };
}

export interface CompareOptions {
  /** What the reports have read, in the byte order of ids; of each message all at once. */
  readonly messages: AsyncIterator<ReadMessage>;
  /** Only this one's rows; undefined: those of all sets. */
  readonly set?: SetId;
  readonly kept?: Kept;
}

/** Yields each row that is missing, too much or another. `transaction` must see one moment. */
export async function* compareReports(
  transaction: ReportsTransaction,
  { messages, set, kept = keptSince(0) }: CompareOptions,
): AsyncGenerator<Difference> {
  const streams = await openReportStreams(transaction, set);
  const rollups = createRollupMoves();
  let next = await messages.next();
  for (;;) {
    const read = next.done === true ? undefined : next.value;
    const id = first([read?.id, ...streams.map(({ groups }) => groups.head)]);
    if (id === undefined) break;
    const message = read?.id === id ? read : { id, events: [], state: emptyMessageState };
    rollups.move(id, emptyMessageState, message.state);
    for (const stream of streams) {
      const rows = stream.groups.head === id ? await stream.groups.take() : [];
      if (!kept.message(id)) continue;
      for (const difference of differencesOf(stream, message, stream.found(rows))) yield difference;
    }
    if (message === read) next = await messages.next();
  }
  yield* await compareRollups(transaction, { rollups, set, kept });
}

/** The least in byte order, as the streams are sorted; ids are ASCII. */
function first(heads: readonly (string | undefined)[]): MessageId | undefined {
  let least: string | undefined;
  for (const head of heads) if (head !== undefined && (least === undefined || head < least)) least = head;
  return least as MessageId | undefined;
}

function differencesOf(stream: ReportStream, message: ReadMessage, found: KeyedRows): readonly Difference[] {
  const about = { table: stream.table, message: message.id, isSame: stream.isSame };
  return differences(stream.expected(message), found, about);
}

function differences(
  expected: KeyedRows,
  found: KeyedRows,
  about: Pick<Difference, "table" | "message"> & Pick<ReportStream, "isSame">,
): readonly Difference[] {
  const { table, message, isSame } = about;
  const all: Difference[] = [];
  for (const [key, row] of expected) {
    const other = found.get(key);
    if (other === row || (other !== undefined && isSame(row, other))) continue;
    all.push({ table, key, message, expected: row, found: other });
  }
  for (const [key, row] of found)
    if (!expected.has(key)) all.push({ table, key, message, expected: undefined, found: row });
  return all;
}

const KEY = rollupKeyColumns
  .map((name) => `${asText(name, name === "minute" ? "timestamptz" : "text")} AS ${name}`)
  .join(", ");
const ROLLUPS = `
SELECT ${KEY}, messages::text AS messages, segments::text AS segments, total_micros::text AS total_micros
FROM godwit.rollup_minute`;
const MINUTE = rollupKeyColumns.indexOf("minute");

interface RollupRow {
  readonly key: readonly string[];
  readonly text: string;
}

async function compareRollups(
  transaction: ReportsTransaction,
  of: { readonly rollups: RollupMoves; readonly set: SetId | undefined; readonly kept: Kept },
): Promise<readonly Difference[]> {
  const isKept = (key: readonly string[]): boolean => of.kept.minute(key[MINUTE] ?? "");
  const { rows } = await (of.set === undefined
    ? transaction.run(ROLLUPS)
    : transaction.run(`${ROLLUPS} WHERE set_id = $1`, [of.set]));
  const found = rows.map(
    (row): RollupRow => ({
      key: rollupKeyColumns.map((name) => String(row[name])),
      text: amounts(row.messages, row.segments, row.total_micros),
    }),
  );
  const expected = of.rollups.moves().map(({ key, messages, segments, totalMicros }): RollupRow => {
    return { key, text: amounts(messages, segments, totalMicros) };
  });
  const keyed = (side: readonly RollupRow[]): KeyedRows =>
    new Map(side.filter(({ key }) => isKept(key)).map(({ key, text }) => [key.join(" "), text]));
  const about = { table: "godwit.rollup_minute", message: undefined, isSame: () => false };
  return differences(keyed(expected), keyed(found), about);
}

function amounts(messages: unknown, segments: unknown, totalMicros: unknown): string {
  return `${messages} messages, ${segments} segments, ${totalMicros} micros`;
}
