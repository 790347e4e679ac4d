/**
 * The life of one message from every vantage point, in the order of time: clients, log, provider, and what was
 * broken.
 */
import type { Workbench } from "./workbench.ts";

export interface Moment {
  readonly at: number;
  readonly from: string;
  readonly words: string;
}

/** Faults so long before the message or after it are told too. */
const AROUND_MS = 10_000;
const MOMENTS_MAX = 500;

/** Empty when nothing is known of `message`. */
export async function timelineOf(workbench: Workbench, message: string): Promise<readonly Moment[]> {
  const rows = await workbench.rows(TIMELINE, [message, `${AROUND_MS}`, `${MOMENTS_MAX}`]);
  return rows.map(({ at, source, words }) => ({ at: Number(at), from: String(source), words: String(words) }));
}

/** Requests and submits are found by the recipient as well: a lost message has nothing else. Indexes: relations.sql. */
const TIMELINE = `
WITH number AS (
  SELECT recipient FROM proof.message WHERE id = $1 AND recipient IS NOT NULL
  UNION SELECT recipient FROM proof.request WHERE message_id = $1),
asked AS (SELECT * FROM proof.request WHERE recipient IN (SELECT recipient FROM number)),
moment AS (
  SELECT invoked_at AS at, 'client' AS source, format('%s %s asks to send %L to %s for %s, key %s', process, op, text,
    recipient,
         account, coalesce(key, 'none')) AS words FROM asked
  UNION ALL
  SELECT coalesce(ended_at, invoked_at), 'client', format('%s %s ends %s %s', process, op, outcome,
    coalesce(message_id, '')) FROM asked
  UNION ALL
  SELECT coalesce(ended_at, invoked_at), 'client', format('%s %s %s: %s %s', process, op, f, outcome, left(body,
    300)) FROM proof.operation
  WHERE id = $1 OR (f = 'opt_out' AND handset IN (SELECT recipient FROM number))
  UNION ALL
  SELECT at, 'log', format('%s %s (%s %s %s[%s]%s)', type, left(data, 300), set_id, writer, sequence, idx,
         CASE WHEN projected THEN '' ELSE ', not in the reports' END) FROM proof.event WHERE message_id = $1
  UNION ALL
  SELECT at, 'provider', format('submit %s segment %s: status %s, id %s, %L', provider, segment, status,
         coalesce(provider_message_id, 'none'), text) FROM proof.delivery WHERE recipient IN (SELECT recipient
           FROM number)
  UNION ALL
  SELECT at, 'provider', format('receipt %s of %s, acknowledged: %s', state, provider_message_id, acknowledged)
    FROM proof.receipt
  WHERE recipient IN (SELECT recipient FROM number)
  UNION ALL
  SELECT at, 'provider', format('reply %L to %s, acknowledged: %s', text, number, acknowledged) FROM proof.reply
  WHERE handset IN (SELECT recipient FROM number)),
span AS (SELECT min(at) - $2::float8 AS since, max(at) + $2::float8 AS until FROM moment)
SELECT at::text AS at, source, words FROM (
  SELECT * FROM moment
  UNION ALL
  SELECT n.at, 'nemesis', format('%s, round %s: %s %s', n.fault, n.round, n.type, coalesce(n.evidence, ''))
    FROM proof.nemesis n, span
  WHERE n.at BETWEEN span.since AND span.until
) AS moments ORDER BY at LIMIT $3::int`;
