/**
 * The one pass over all events, in the order of their messages: each message is folded and written back, and on its way
 * compared with the reports (invariant I6). One message is in memory at a time.
 */
import type { MessageId } from "#domain/ids.ts";
import { compareReports } from "../../reporting/projector/compare-reports.ts";
import { openOrderedGroups } from "../../reporting/projector/ordered-groups.ts";
import { type ReadMessage, toLogged } from "../../reporting/projector/report-streams.ts";
import type { ReportsTransaction, Row } from "../../reporting/reports-database.ts";
import { type Apply, foldMessage, type PlacedEvent } from "./fold-message.ts";
import type { Workbench } from "./workbench.ts";

const EVENTS = `
SELECT message_id, set_id, writer, sequence::text AS sequence, idx::text AS idx, projected, type, at::text AS at, data
FROM proof.event ORDER BY message_id`;
/** One message of so many is folded in other orders too. */
const ORDERS_ONE_IN = 8;

export interface FoldPassOptions {
  readonly apply: Apply;
  /** A transaction of one moment of the reports; undefined: there are none. */
  readonly reports: ReportsTransaction | undefined;
}

export async function foldAll(workbench: Workbench, { apply, reports }: FoldPassOptions): Promise<void> {
  const messages = foldEach(workbench, apply);
  if (reports === undefined) {
    while ((await messages.next()).done !== true);
    return;
  }
  const writer = workbench.writer("proof.difference");
  for await (const { table, key, message, expected, found } of compareReports(reports, { messages })) {
    await writer.write([table, key, message ?? null, expected ?? null, found ?? null]);
  }
  await writer.flush();
}

/** Yields every message that any event names, once it is written: as far as the reports have read it. */
async function* foldEach(workbench: Workbench, apply: Apply): AsyncGenerator<ReadMessage> {
  const writers = {
    message: workbench.writer("proof.message"),
    segment: workbench.writer("proof.segment"),
    replied: workbench.writer("proof.replied"),
  };
  const events = await openOrderedGroups(workbench.stream(EVENTS), "message_id");
  for (let n = 0; events.head !== undefined; n++) {
    const id = events.head as MessageId;
    const placed = (await events.take()).map(toPlaced);
    const folded = foldMessage(id, placed, { apply, tryOrders: n % ORDERS_ONE_IN === 0 });
    await writers.message.write(folded.message);
    for (const cells of folded.segments) await writers.segment.write(cells);
    for (const cells of folded.replies) await writers.replied.write(cells);
    yield { id, events: placed.filter(({ projected }) => projected), state: folded.projected };
  }
  for (const writer of Object.values(writers)) await writer.flush();
}

function toPlaced(row: Row): PlacedEvent {
  return { ...toLogged(row), set: String(row.set_id), projected: row.projected === true };
}
