/** The log says that a provider took a segment, but the provider never saw it. */
import type { Check } from "./check.ts";

export const submittedSeen: Check = {
  name: "submitted-seen",
  invariant: "I7",
  holds: "Every submitted event is of a submit that the provider took",
  query: `
SELECT s.message_id AS key, s.message_id AS message,
       format('segment %s has %s submitted events, the provider took it %s times', s.segment, s.submitted,
         coalesce(d.times, 0)) AS words
FROM proof.segment s
LEFT JOIN (SELECT message_id, segment, count(*) AS times FROM proof.delivery WHERE taken GROUP BY message_id,
  segment) AS d
  ON d.message_id = s.message_id AND d.segment = s.segment
WHERE s.submitted > coalesce(d.times, 0)`,
};
