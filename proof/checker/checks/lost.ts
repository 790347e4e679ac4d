/** An id in a 202, but no such message in any log. The first thing that must never happen. */
import type { Check } from "./check.ts";

export const lost: Check = {
  name: "lost",
  invariant: "I1",
  holds: "Every acknowledged message has its accepted event",
  query: `
SELECT r.message_id AS key, r.message_id AS message,
       format('acknowledged to %s (%s %s) at %s, but no log has its accepted event', r.account, r.process, r.op,
         r.ended_at) AS words
FROM proof.request r LEFT JOIN proof.message m ON m.id = r.message_id
WHERE r.outcome = 'ok' AND r.message_id IS NOT NULL AND coalesce(m.accepted, 0) = 0`,
};
