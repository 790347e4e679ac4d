/** The batches that a restored set has lost, made again from what PostgreSQL has read of them. */
import type { EventBatch } from "#core/store/store.ts";
import { type MessageEvent, messageEventSchema } from "#domain/event.ts";
import { timeOfWriter } from "#domain/ids.ts";
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

/**
 * In the order of their numbers. A number without events was void, or the writer's end. Throws ReportsDatabaseError.
 */
export async function readLost(
  database: Pick<ReportsDatabase, "run">,
  positions: Positions,
  missing: readonly MissingBatches[],
): Promise<readonly EventBatch[]> {
  const { rows } = await database.run(LOST_EVENTS, [
    arrayLiteral(missing.map(({ writer }) => writer)),
    arrayLiteral(missing.map(({ held }) => `${held}`)),
    arrayLiteral(missing.map(({ projected }) => `${projected}`)),
  ]);
  const events = Map.groupBy(rows, (row) => `${row.writer}:${row.sequence}`);
  return missing.flatMap(({ writer, held, projected }) => {
    let at = timeOfWriter(writer);
    return Array.from({ length: projected - held }, (_, i): EventBatch => {
      const sequence = held + 1 + i;
      const said = (events.get(`${writer}:${sequence}`) ?? []).map(toEvent);
      at = Math.max(at, ...said.map((event) => event.at));
      const isEnd = sequence === projected && positions.get(writer)?.closed === true;
      const kind = said.length > 0 ? "events" : isEnd ? "closed" : "void";
      return { writer, sequence, at, kind, events: said };
    });
  });
}

function toEvent(row: Readonly<Record<string, unknown>>): MessageEvent {
  const { message_id: message, type, at, data } = row;
  return messageEventSchema.parse({ ...(JSON.parse(String(data)) as object), message, type, at: Number(at) });
}
