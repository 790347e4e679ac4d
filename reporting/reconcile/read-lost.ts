/** The batches that a restored set has lost, made again from what PostgreSQL has read of them. */
import type { EventBatch } from "#core/store/store.ts";
import { type MessageEvent, messageEventSchema } from "#domain/event.ts";
import { timeOfWriter } from "#domain/ids.ts";
import { type LedgerEntry, ledgerEntrySchema } from "#domain/ledger-entry.ts";
import { arrayLiteral } from "../projector/cell-text.ts";
import type { Positions } from "../projector/checkpoint.ts";
import type { MissingBatches } from "../projector/find-missing.ts";
import type { ReportsDatabase } from "../reports-database.ts";

/** No index serves it: a scan of the events, once in the life of a set. */
const LOST_EVENTS = `
SELECT e.writer, e.sequence, e.message_id, e.type, (extract(epoch FROM e.at) * 1000)::bigint AS at, e.data::text AS data
FROM godwit.event AS e
JOIN unnest($1::text[], $2::bigint[], $3::bigint[]) AS lost (writer, held, projected)
  ON e.writer = lost.writer AND e.sequence > lost.held AND e.sequence <= lost.projected
ORDER BY e.writer, e.sequence, e.idx`;

const LOST_ENTRIES = `
SELECT e.writer, e.sequence, e.entry_id, e.type, e.account, e.micros::text AS micros,
       (extract(epoch FROM e.at) * 1000)::bigint AS at, e.data::text AS data
FROM godwit.ledger_entry AS e
JOIN unnest($1::text[], $2::bigint[], $3::bigint[]) AS lost (writer, held, projected)
  ON e.writer = lost.writer AND e.sequence > lost.held AND e.sequence <= lost.projected
ORDER BY e.writer, e.sequence, e.idx`;

/**
 * In the order of their numbers. A number without events was void, or the writer's end. Throws ReportsDatabaseError.
 */
export async function readLost(
  database: Pick<ReportsDatabase, "run">,
  positions: Positions,
  missing: readonly MissingBatches[],
): Promise<readonly EventBatch[]> {
  const lost = [
    arrayLiteral(missing.map(({ writer }) => writer)),
    arrayLiteral(missing.map(({ held }) => `${held}`)),
    arrayLiteral(missing.map(({ projected }) => `${projected}`)),
  ];
  const numberOf = (row: Readonly<Record<string, unknown>>): string => `${row.writer}:${row.sequence}`;
  const events = Map.groupBy((await database.run(LOST_EVENTS, lost)).rows, numberOf);
  const entries = Map.groupBy((await database.run(LOST_ENTRIES, lost)).rows, numberOf);
  return missing.flatMap(({ writer, held, projected }) => {
    let at = timeOfWriter(writer);
    return Array.from({ length: projected - held }, (_, i): EventBatch => {
      const sequence = held + 1 + i;
      const said = (events.get(`${writer}:${sequence}`) ?? []).map(toEvent);
      const moved = (entries.get(`${writer}:${sequence}`) ?? []).map(toEntry);
      at = Math.max(at, ...said.map((event) => event.at), ...moved.map((entry) => entry.at));
      const isEnd = sequence === projected && positions.get(writer)?.closed === true;
      const kind = said.length + moved.length > 0 ? "events" : isEnd ? "closed" : "void";
      return { writer, sequence, at, kind, events: said, ...(moved.length > 0 && { entries: moved }) };
    });
  });
}

function toEvent(row: Readonly<Record<string, unknown>>): MessageEvent {
  const { message_id: message, type, at, data } = row;
  return messageEventSchema.parse({ ...(JSON.parse(String(data)) as object), message, type, at: Number(at) });
}

function toEntry(row: Readonly<Record<string, unknown>>): LedgerEntry {
  const { entry_id: id, type, account, micros, at, data } = row;
  return ledgerEntrySchema.parse({
    ...(JSON.parse(String(data)) as object),
    id,
    type,
    account,
    micros,
    at: Number(at),
  });
}
