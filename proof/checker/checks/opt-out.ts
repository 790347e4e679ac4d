/**
 * Nothing goes to a number after its opt-out was acknowledged, unless it was below a send mark before. Marks are no
 * events, and no time can stand in for them: a segment below one may go as long as its lease is renewed, behind a link
 * that is away or a provider that throttles, and goes then without a word. So only what began afterwards is judged:
 * asked for after the acknowledgement, or routed a second after it (clocks of one machine). Of a message that was
 * routed before, and came under its mark after, this sees nothing; the simulation reads the marks of every set at the
 * acknowledgement, and does (opt-out-wins).
 */
import type { Check } from "./check.ts";

export const optOut: Check = {
  name: "opt-out",
  invariant: "I12",
  holds: "No message that began after an acknowledged opt-out is submitted",
  query: `
WITH stop AS (
  SELECT o.account, o.handset, o.ended_at AS since, coalesce((
    SELECT min(s.invoked_at) FROM proof.operation s
    WHERE s.f = 'opt_out' AND upper(s.word) = 'START' AND s.account = o.account AND s.handset = o.handset
      AND s.invoked_at >= o.invoked_at), 'infinity') AS until
  FROM proof.operation o WHERE o.f = 'opt_out' AND o.outcome = 'ok' AND upper(o.word) <> 'START')
SELECT DISTINCT m.id AS key, m.id AS message, format('submitted at %s, opted out since %s', d.at, stop.since) AS words
FROM stop
JOIN proof.message m ON m.recipient = stop.handset AND m.account = stop.account
JOIN proof.delivery d ON d.message_id = m.id AND d.at >= stop.since AND d.at < stop.until
WHERE m.routed_at > stop.since + 1000 OR EXISTS (
  SELECT FROM proof.request r WHERE r.recipient = m.recipient AND r.account = m.account AND r.text = m.text
  HAVING min(r.invoked_at) >= stop.since)`,
};
