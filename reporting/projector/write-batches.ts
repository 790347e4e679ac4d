/**
 * One run of event batches → PostgreSQL, in one transaction: the events, the rows they change, the rollups and the
 * checkpoint, all or nothing. Run again after any failure it changes nothing twice.
 */

import type { EventBatch } from "#core/store/store.ts";
import { type MessageEvent, messageEventSchema } from "#domain/event.ts";
import { foldEvents, type MessageState } from "#domain/fold.ts";
import type { MessageId, SetId } from "#domain/ids.ts";
import type { ReportsDatabase, ReportsTransaction } from "../reports-database.ts";
import { IN_FAILED_TRANSACTION, ReportsDatabaseError } from "../reports-database-error.ts";
import { arrayLiteral, copyLine, storableJson, timestamp } from "./cell-text.ts";
import { advance, isSamePositions, lockPositions, movePositions, type Positions, readPositions } from "./checkpoint.ts";
import { chargeTable, type FactTable, messageTable, replyTable, rowOf, segmentTable } from "./fact-tables.ts";
import { type Projection, projectBatch, type RowChanges } from "./project-batch.ts";
import type { Reports } from "./project-set.ts";
import { type RollupMove, rollupKeyColumns } from "./rollup.ts";
import type { StateCache } from "./state-cache.ts";

export type WriteResult =
  | { readonly type: "written"; readonly positions: Positions; readonly projection: Projection }
  /** Another projector has moved on since `positions` were read: go on from these. */
  | { readonly type: "stale"; readonly positions: Positions };

export interface WriteOptions {
  readonly set: SetId;
  readonly positions: Positions;
  readonly batches: readonly EventBatch[];
  /** Holds states as of `positions`, and is brought up to what is written. */
  readonly cache: StateCache;
}

/** The reports as a projection wants them. */
export function postgresReports(database: ReportsDatabase): Reports {
  return {
    positions: (set) => readPositions(database, set),
    write: (options) => writeBatches(database, options),
  };
}

/**
 * Writes `batches`, which follow `positions`. Throws ReportsDatabaseError, or GapError before anything is written; the
 * outcome is then unknown and the caller starts from the positions that it finds.
 */
export async function writeBatches(database: ReportsDatabase, options: WriteOptions): Promise<WriteResult> {
  const result = await writeOnce(database, options, copyEvents).catch((error: unknown) => {
    // COPY refuses events that are there already: the checkpoint was set back. Rare, so only then the slower way.
    if (!(error instanceof ReportsDatabaseError) || error.sqlState !== IN_FAILED_TRANSACTION) throw error;
    return writeOnce(database, options, mergeEvents);
  });
  if (result.type === "written") {
    for (const [id, state] of result.projection.states) options.cache.keep(id, state);
  }
  return result;
}

type InsertEvents = (transaction: ReportsTransaction, batches: readonly EventBatch[]) => Promise<void>;

function writeOnce(database: ReportsDatabase, options: WriteOptions, insert: InsertEvents): Promise<WriteResult> {
  const { set, batches } = options;
  const to = advance(options.positions, batches);
  return database.transaction(async (transaction) => {
    const from = await lockPositions(transaction, set);
    if (!isSamePositions(from, options.positions)) return { type: "stale", positions: from };
    const events = batches.flatMap((batch) => batch.events);
    const before = await loadStates(transaction, events, options.cache);
    if (events.length > 0) await insert(transaction, batches);
    await insertEntries(transaction, set, batches);
    const projection = projectBatch(before, events);
    await writeProjection(transaction, projection);
    if (!(await movePositions(transaction, set, { from, to }))) throw new Error(`Lost the lock of set ${set}`);
    return { type: "written", positions: to, projection };
  });
}

/** Index: primary key of godwit.event, one probe a message. */
const LOAD_EVENTS = `
SELECT message_id, type, (extract(epoch FROM at) * 1000)::bigint AS at, data::text AS data
FROM godwit.event WHERE message_id = ANY($1::text[])`;

/**
 * States of the touched messages as the tables have them. There is no column for a state: it is the fold of the events,
 * which are there anyway. Keeping ~900 bytes of it in each row, rewritten at each change, would cost more than these
 * probes, which the cache spares for nearly all messages but new ones.
 */
async function loadStates(
  transaction: ReportsTransaction,
  events: readonly MessageEvent[],
  cache: StateCache,
): Promise<Map<MessageId, MessageState>> {
  const states = new Map<MessageId, MessageState>();
  const missing: MessageId[] = [];
  for (const id of new Set(events.map((event) => event.message))) {
    const cached = cache.get(id);
    if (cached === undefined) missing.push(id);
    else states.set(id, cached);
  }
  if (missing.length === 0) return states;
  const { rows } = await transaction.run(LOAD_EVENTS, [arrayLiteral(missing)]);
  for (const row of rows) {
    const event = messageEventSchema.parse({
      ...(JSON.parse(String(row.data)) as object),
      message: row.message_id,
      type: row.type,
      at: Number(row.at),
    });
    states.set(event.message, foldEvents([event], states.get(event.message)));
  }
  return states;
}

const EVENT_COLUMNS = "(message_id, writer, sequence, idx, type, at, data)";

function eventCells({ writer, sequence, events }: EventBatch): readonly (readonly string[])[] {
  return events.map(({ message, type, at, ...data }, index) => {
    return [message, writer, `${sequence}`, `${index}`, type, timestamp(at), storableJson(data)];
  });
}

/**
 * Measured at five events a message, µs of PostgreSQL and of the client: COPY 22 + 18, unnest with ON CONFLICT 37 +
 * 23, COPY to a staging table and INSERT from there 52 + 17. jsonb in place of json costs PostgreSQL 4-13 more, each
 * index 9.
 */
async function copyEvents(transaction: ReportsTransaction, batches: readonly EventBatch[]): Promise<void> {
  let lines = "";
  for (const batch of batches) for (const cells of eventCells(batch)) lines += copyLine(cells);
  await transaction.copy(`godwit.event ${EVENT_COLUMNS}`, lines);
}

async function mergeEvents(transaction: ReportsTransaction, batches: readonly EventBatch[]): Promise<void> {
  const rows = batches.flatMap(eventCells);
  const arrays = ["text", "text", "bigint", "int", "text", "timestamptz", "json"];
  await transaction.run(
    `INSERT INTO godwit.event ${EVENT_COLUMNS}
     SELECT * FROM unnest(${arrays.map((type, i) => `$${i + 1}::${type}[]`).join(", ")}) ON CONFLICT DO NOTHING`,
    arrays.map((_, i) => arrayLiteral(rows.map((cells) => cells[i] ?? null))),
  );
}

const entryColumns = [
  ["writer", "text"],
  ["sequence", "bigint"],
  ["idx", "integer"],
  ["set_id", "text"],
  ["entry_id", "text"],
  ["type", "text"],
  ["at", "timestamptz"],
  ["account", "text"],
  ["micros", "bigint"],
  ["data", "json"],
] as const;

/** Few, and some may be there already. */
async function insertEntries(
  transaction: ReportsTransaction,
  set: SetId,
  batches: readonly EventBatch[],
): Promise<void> {
  const rows = batches.flatMap(({ writer, sequence, entries = [] }) =>
    entries.map(({ id, type, at, account, micros, ...data }, i) => [
      ...[writer, `${sequence}`, `${i}`, set, id, type, timestamp(at), account, micros],
      storableJson(data),
    ]),
  );
  if (rows.length === 0) return;
  const names = entryColumns.map(([name]) => name).join(", ");
  const arrays = entryColumns.map(([, type], i) => `$${i + 1}::${type}[]`).join(", ");
  await transaction.run(
    `INSERT INTO godwit.ledger_entry (${names}) SELECT * FROM unnest(${arrays}) ON CONFLICT DO NOTHING`,
    entryColumns.map((_, i) => arrayLiteral(rows.map((cells) => cells[i] ?? null))),
  );
}

async function writeProjection(transaction: ReportsTransaction, projection: Projection): Promise<void> {
  if (projection.replaced.length > 0) {
    await transaction.run("DELETE FROM godwit.message WHERE id = ANY($1::text[])", [arrayLiteral(projection.replaced)]);
  }
  await writeRows(transaction, messageTable, projection.messages);
  await writeRows(transaction, segmentTable, projection.segments);
  await writeRows(transaction, replyTable, projection.replies);
  if (projection.rebilled.length > 0) {
    const ids = arrayLiteral(projection.rebilled);
    await transaction.run("DELETE FROM godwit.charge WHERE message_id = ANY($1::text[])", [ids]);
  }
  await writeRows(transaction, chargeTable, projection.charges);
  await moveRollups(transaction, projection.rollups);
}

async function writeRows<Source>(
  transaction: ReportsTransaction,
  table: FactTable<Source>,
  rows: RowChanges<Source>,
): Promise<void> {
  if (rows.created.length > 0) {
    let lines = "";
    for (const source of rows.created) lines += copyLine(rowOf(table, source));
    await transaction.copy(`${table.name} (${table.columns.map((column) => column.name).join(", ")})`, lines);
  }
  if (rows.changed.length === 0) return;
  const columns = table.columns.filter((_, i) => i < table.keyColumns || i >= table.fixedColumns);
  const { count } = await transaction.run(
    updateStatement(table),
    columns.map((column) => arrayLiteral(rows.changed.map(column.cell))),
  );
  if (count !== rows.changed.length) {
    throw new Error(
      `Changed ${count} of ${rows.changed.length} rows of ${table.name}: it does not agree with the events`,
    );
  }
}

function updateStatement<Source>(table: FactTable<Source>): string {
  const key = table.columns.slice(0, table.keyColumns);
  const values = table.columns.slice(table.fixedColumns);
  const arrays = [...key, ...values].map((column, i) => `$${i + 1}::${column.type}[]`);
  const names = [...key, ...values].map((column) => column.name).join(", ");
  const assignments = values.map(({ name }) => `${name} = new.${name}`).join(", ");
  const match = key.map(({ name }) => `held.${name} = new.${name}`).join(" AND ");
  const changed = `unnest(${arrays.join(", ")}) AS new (${names})`;
  return `UPDATE ${table.name} AS held SET ${assignments} FROM ${changed} WHERE ${match}`;
}

const ROLLUP_KEY = rollupKeyColumns.join(", ");
const ROLLUP_ARRAYS = "$1::text[], $2::timestamptz[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[]";
const MOVE_ROLLUPS = `
INSERT INTO godwit.rollup_minute AS held (${ROLLUP_KEY}, messages, segments, total_micros)
SELECT * FROM unnest(${ROLLUP_ARRAYS}, $8::bigint[], $9::bigint[], $10::bigint[])
ON CONFLICT (${ROLLUP_KEY}) DO UPDATE SET messages = held.messages + excluded.messages,
  segments = held.segments + excluded.segments, total_micros = held.total_micros + excluded.total_micros`;
const DROP_EMPTY_ROLLUPS = `
DELETE FROM godwit.rollup_minute WHERE messages = 0 AND (${ROLLUP_KEY}) IN (SELECT * FROM unnest(${ROLLUP_ARRAYS}))`;

async function moveRollups(transaction: ReportsTransaction, moves: readonly RollupMove[]): Promise<void> {
  if (moves.length === 0) return;
  const keys = rollupKeyColumns.map((_, i) => arrayLiteral(moves.map((move) => move.key[i] ?? "")));
  const amounts = [
    arrayLiteral(moves.map((move) => `${move.messages}`)),
    arrayLiteral(moves.map((move) => `${move.segments}`)),
    arrayLiteral(moves.map((move) => `${move.totalMicros}`)),
  ];
  await transaction.run(MOVE_ROLLUPS, [...keys, ...amounts]);
  await transaction.run(DROP_EMPTY_ROLLUPS, keys);
}
