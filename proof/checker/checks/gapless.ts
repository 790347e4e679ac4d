/** Each writer counts 1, 2, 3 … to its closed batch. A set that finds a gap itself does not tell its log at all. */
import type { Check } from "./check.ts";

export const gapless: Check = {
  name: "gapless",
  invariant: "I4",
  holds: "No writer has a gap, a number twice, or anything after its end",
  query: `
SELECT key, NULL AS message, words FROM (
  SELECT set_id || ' ' || writer || ' ' || sequence AS key,
         CASE WHEN last_kind = 'closed' THEN 'follows the end of its writer'
              ELSE format('follows %s', coalesce(last, 0)) END AS words,
         sequence <> coalesce(last, 0) + 1 OR last_kind = 'closed' AS is_wrong
  FROM (SELECT *, lag(sequence) OVER w AS last, lag(kind) OVER w AS last_kind FROM proof.batch
        WINDOW w AS (PARTITION BY set_id, writer ORDER BY sequence)) AS followed) AS batches
WHERE is_wrong
UNION ALL SELECT set_id, NULL, words FROM proof.read_error
UNION ALL SELECT w.set_id || ' ' || w.writer, NULL, 'is registered as closed, but its closed batch is not there'
FROM proof.writer w WHERE w.closed AND NOT EXISTS (
  SELECT FROM proof.batch b WHERE b.set_id = w.set_id AND b.writer = w.writer AND b.kind = 'closed')`,
};
