/** The heart of the promise: a segment that went out more often than the log admits. `taken` are submits that the
 * provider accepted or swallowed; each may be repeated only after an `in_doubt` event that says `resend`. */
import type { Check } from "./check.ts";

export const silentDouble: Check = {
  name: "silent-double",
  invariant: "I7",
  holds: "No segment is submitted more often than once and its resends",
  query: `
SELECT d.message_id AS key, d.message_id AS message,
       format('segment %s was taken %s times with %s resends', d.segment, d.times, coalesce(s.resends, 0)) AS words
FROM (SELECT message_id, segment, count(*) AS times FROM proof.delivery
      WHERE taken AND message_id IS NOT NULL GROUP BY message_id, segment HAVING count(*) > 1) AS d
LEFT JOIN proof.segment s ON s.message_id = d.message_id AND s.segment = d.segment
WHERE d.times > 1 + coalesce(s.resends, 0)`,
};
