/** A message that nobody asked for, or that a request made of which we said for certain that it made none. */
import type { Check } from "./check.ts";

export const outOfNothing: Check = {
  name: "out-of-nothing",
  invariant: "I1",
  holds: "Every accepted message was asked for by a request that was not refused",
  query: `
SELECT m.id AS key, m.id AS message,
       CASE WHEN asked.all_failed THEN 'accepted, though every request for it was refused for certain'
            ELSE 'accepted, but no request asked for it' END AS words
FROM proof.message m
CROSS JOIN LATERAL (
  SELECT count(*) > 0 AS any, coalesce(bool_and(r.outcome = 'fail'), false) AS all_failed FROM proof.request r
  WHERE r.recipient = m.recipient AND r.account = m.account AND r.text = m.text) AS asked
WHERE m.accepted > 0 AND (NOT asked.any OR asked.all_failed)`,
};
