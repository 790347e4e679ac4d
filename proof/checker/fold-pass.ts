/**
 * The one pass over all events, in the order of their messages: each is folded and written back, and beside it the
 * reports' rows of the same message are compared (invariant I6). One message is in memory at a time, and the rollups,
 * which grow with minutes and not with messages.
 */
import type { MessageEvent } from "#domain/event.ts";
import { emptyMessageState, type MessageState } from "#domain/fold.ts";
import type { MessageId } from "#domain/ids.ts";
import { createRollupMoves } from "../../reporting/projector/rollup.ts";
import type { ReportsTransaction } from "../../reporting/reports-database.ts";
import { type Apply, foldMessage, type PlacedEvent } from "./fold-message.ts";
import { openOrderedGroups } from "./ordered-groups.ts";
import { type KeyedRows, openReportStreams, type ReportStream, readRollups, rollupText } from "./report-rows.ts";
import type { Row, RowWriter, Workbench } from "./workbench.ts";

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

/** Returns how many messages any event names. */
export async function foldAll(workbench: Workbench, { apply, reports }: FoldPassOptions): Promise<number> {
  const writers = {
    message: workbench.writer("proof.message"),
    segment: workbench.writer("proof.segment"),
    replied: workbench.writer("proof.replied"),
    difference: workbench.writer("proof.difference"),
  };
  const streams = reports === undefined ? [] : await openReportStreams(reports);
  const events = await openOrderedGroups(workbench.stream(EVENTS), "message_id");
  const rollups = createRollupMoves();
  let messages = 0;
  for (;;) {
    const id = first([events.head, ...streams.map(({ groups }) => groups.head)]);
    if (id === undefined) break;
    const placed = events.head === id ? (await events.take()).map(toPlaced) : [];
    let projected: MessageState = emptyMessageState;
    if (placed.length > 0) {
      messages += 1;
      const folded = foldMessage(id, placed, { apply, tryOrders: messages % ORDERS_ONE_IN === 1 });
      projected = folded.projected;
      await writers.message.write(folded.message);
      for (const cells of folded.segments) await writers.segment.write(cells);
      for (const cells of folded.replies) await writers.replied.write(cells);
    }
    if (streams.length === 0) continue;
    rollups.move(id, emptyMessageState, projected);
    const read = placed.filter((place) => place.projected);
    for (const stream of streams) await compareMessage(stream, { id, read, projected, writer: writers.difference });
  }
  if (reports !== undefined) {
    const expected = new Map(rollups.moves().map(({ key, ...amounts }) => [key.join(" "), rollupText(amounts)]));
    const about = { table: "godwit.rollup_minute", id: null, writer: writers.difference };
    await writeDifferences(expected, await readRollups(reports), about);
  }
  for (const writer of Object.values(writers)) await writer.flush();
  return messages;
}

async function compareMessage(
  stream: ReportStream,
  of: {
    readonly id: MessageId;
    readonly read: readonly PlacedEvent[];
    readonly projected: MessageState;
    readonly writer: RowWriter;
  },
): Promise<void> {
  const { groups, table } = stream;
  const found = groups.head === of.id ? stream.found(await groups.take()) : new Map<string, string>();
  const expected = stream.expected(of.id, of.read, of.projected);
  await writeDifferences(expected, found, { table, id: of.id, writer: of.writer, isSame: stream.isSame });
}

async function writeDifferences(
  expected: KeyedRows,
  found: KeyedRows,
  {
    table,
    id,
    writer,
    isSame = () => false,
  }: {
    readonly table: string;
    readonly id: string | null;
    readonly writer: RowWriter;
    /** Asked of rows whose texts differ. */
    readonly isSame?: ReportStream["isSame"];
  },
): Promise<void> {
  for (const [key, row] of expected) {
    const other = found.get(key);
    if (other === row || (other !== undefined && isSame(row, other))) continue;
    await writer.write([table, key, id, row, other ?? null]);
  }
  for (const [key, row] of found) if (!expected.has(key)) await writer.write([table, key, id, null, row]);
}

/** The least in byte order, as the streams are sorted; ids are ASCII. */
function first(heads: readonly (string | undefined)[]): MessageId | undefined {
  let least: string | undefined;
  for (const head of heads) if (head !== undefined && (least === undefined || head < least)) least = head;
  return least as MessageId | undefined;
}

function toPlaced(row: Row): PlacedEvent {
  const { message_id: message, set_id: set, writer, sequence, idx: index, projected, type, at, data } = row;
  const event = { ...(JSON.parse(String(data)) as object), message, type, at: Number(at) } as unknown as MessageEvent;
  return {
    set: String(set),
    writer: String(writer),
    sequence: String(sequence),
    index: String(index),
    projected: projected === true,
    event,
    data: String(data),
  };
}
