/**
 * Compares PostgreSQL with the fold of the sets' own events (invariant I6): every row of every table, up to the
 * checkpoint. PostgreSQL sorts the events by message in a table of the transaction's own, so that no set is held in
 * memory; it reads one moment of the reports and changes nothing of them. Messages from before what the set still keeps
 * have lost events there, and are left out.
 */
import type { EventBatch, Store } from "#core/store/store.ts";
import { foldEvents } from "#domain/fold.ts";
import type { MessageId } from "#domain/ids.ts";
import { readCursor } from "../read-cursor.ts";
import type { ReportsDatabase, ReportsTransaction } from "../reports-database.ts";
import { createRowWriter } from "../row-writer.ts";
import { storableJson } from "./cell-text.ts";
import { type Positions, readPositions } from "./checkpoint.ts";
import { compareReports, type Difference, type Kept, keptSince } from "./compare-reports.ts";
import { openOrderedGroups } from "./ordered-groups.ts";
import { type ReadMessage, toLogged } from "./report-streams.ts";

const READ_BATCHES = 500;
/** Of a set. More would say nothing new. */
const DIFFERENCES_MAX = 10_000;

/**
 * Returns the differences, none when the reports equal the fold. What PostgreSQL has not read yet is not compared.
 * Needs the right to make temporary tables. Throws StoreError or ReportsDatabaseError.
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
  await transaction.script("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ");
  const positions = await readPositions(transaction, store.set);
  const kept = keptSince(await store.events.keptSince());
  await copyLog(transaction, readUpTo(store, positions), kept);
  const differences: Difference[] = [];
  for await (const difference of compareReports(transaction, {
    messages: foldLog(transaction),
    set: store.set,
    kept,
  })) {
    differences.push(difference);
    if (differences.length === DIFFERENCES_MAX) break;
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

const LOGGED = `
CREATE TEMPORARY TABLE logged (
  message_id text COLLATE "C", writer text, sequence bigint, idx int, type text, at bigint, data text) ON COMMIT DROP`;

async function copyLog(transaction: ReportsTransaction, batches: AsyncIterable<EventBatch>, kept: Kept): Promise<void> {
  await transaction.script(LOGGED);
  const writer = createRowWriter((lines) => transaction.copy("logged", lines));
  for await (const batch of batches) {
    for (const [index, { message, type, at, ...data }] of batch.events.entries()) {
      if (!kept.message(message)) continue;
      const place = [message, batch.writer, `${batch.sequence}`, `${index}`] as const;
      await writer.write([...place, type, `${at}`, storableJson(data)]);
    }
  }
  await writer.flush();
}

const IN_ORDER = {
  text: `SELECT message_id, writer, sequence::text AS sequence, idx::text AS idx, type, at::text AS at, data
         FROM logged ORDER BY message_id`,
};

async function* foldLog(transaction: ReportsTransaction): AsyncGenerator<ReadMessage> {
  const groups = await openOrderedGroups(readCursor(transaction, "logged_in_order", IN_ORDER), "message_id");
  while (groups.head !== undefined) {
    const id = groups.head as MessageId;
    const events = (await groups.take()).map(toLogged);
    yield { id, events, state: foldEvents(events.map(({ event }) => event)) };
  }
}
