/** `GET /v1/messages/{id}`: one message with its timeline, from PostgreSQL alone, so also while its set is away. */
import type { MessageId } from "#domain/ids.ts";
import type { ReportsDatabase } from "../reports-database.ts";
import { asAnalyst } from "./as-analyst.ts";

/** Undefined where the reports do not know the message, or not yet. */
export function readMessageReport(
  database: ReportsDatabase,
  id: MessageId,
): Promise<Readonly<Record<string, unknown>> | undefined> {
  return asAnalyst(database, async (select) => {
    const message = await select("SELECT * FROM report.messages WHERE message_id = $1", [id]);
    if (message.rows[0] === undefined) return undefined;
    const segments = await select("SELECT * FROM report.segments WHERE message_id = $1 ORDER BY segment", [id]);
    const replies = await select("SELECT * FROM report.replies WHERE message_id = $1 ORDER BY received_at, reply_id", [
      id,
    ]);
    const timeline = await select(
      `SELECT type, at, data FROM report.events WHERE message_id = $1 ORDER BY at, writer, sequence, index`,
      [id],
    );
    return { ...message.rows[0], segment_details: segments.rows, reply_details: replies.rows, timeline: timeline.rows };
  });
}
