/** A receipt that we took from the provider is in the log. Where we never learned the id of the submit (it was in
 * doubt) the receipt may lie parked: as many as lie there are excused. */
import type { Check } from "./check.ts";

export const receiptsKept: Check = {
  name: "receipts-kept",
  invariant: "I13",
  holds: "Every acknowledged receipt is in the events, or parked",
  needs: ["drain"],
  query: `
WITH missing AS (
  SELECT d.message_id, d.segment, r.state, r.at,
         coalesce(s.submitted, 0) < (SELECT count(*) FROM proof.delivery o
           WHERE o.message_id = d.message_id AND o.segment = d.segment AND o.taken) AS may_be_parked
  FROM proof.receipt r
  JOIN proof.delivery d ON d.provider = r.provider AND d.provider_message_id = r.provider_message_id
    AND d.recipient = r.recipient
  LEFT JOIN proof.segment s ON s.message_id = d.message_id AND s.segment = d.segment
  WHERE r.acknowledged AND r.state IS NOT NULL AND d.message_id IS NOT NULL
    AND strpos(coalesce(s.receipts, ''), ' ' || r.state || ' ') = 0)
SELECT message_id AS key, message_id AS message,
       format('the receipt %s of segment %s, acknowledged at %s, is not in its events', state, segment, at) AS words
FROM (SELECT *, row_number() OVER (PARTITION BY may_be_parked ORDER BY at) AS place FROM missing) AS numbered
WHERE NOT may_be_parked OR place > (SELECT coalesce(sum(items), 0) FROM proof.depth WHERE lane IN ('dead',
  'receipts'))`,
};
