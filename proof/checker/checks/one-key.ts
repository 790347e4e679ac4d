/** A request and its repetitions under one key make one set of messages, whatever its answers were; a request without a
 * key makes at most one for each recipient. Ids of an answer that left its outcome open count once they were accepted:
 * where they were not, the repetition is a send of its own. */
import type { Check } from "./check.ts";

export const oneKey: Check = {
  name: "one-key",
  invariant: "I11",
  holds: "One key has one set of ids, and one message for each recipient",
  query: `
SELECT account || ' ' || key AS key, NULL AS message, format('was answered with %s', string_agg(DISTINCT ids,
  ' and ')) AS words
FROM proof.operation o WHERE f = 'send' AND key IS NOT NULL AND ids IS NOT NULL
  AND (outcome = 'ok' OR EXISTS (SELECT FROM proof.message m WHERE m.id = ANY (string_to_array(o.ids, ' '))))
GROUP BY account, key HAVING count(DISTINCT ids) > 1
UNION ALL
SELECT m.account || ' ' || m.recipient, min(m.id), format('%s messages for %s requests: %s', count(*), asked.times,
  string_agg(m.id, ' '))
FROM proof.message m
JOIN proof.reused USING (recipient)
CROSS JOIN LATERAL (SELECT count(DISTINCT coalesce('key ' || r.key, r.process || ' ' || r.op)) AS times
  FROM proof.request r
  WHERE r.recipient = m.recipient AND r.account = m.account AND r.text = m.text) AS asked
WHERE asked.times > 0
GROUP BY m.account, m.recipient, m.text, asked.times HAVING count(*) > asked.times`,
};
