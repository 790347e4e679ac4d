/** Accepted and then forgotten somewhere on the way. A message that is `submitted` and whose provider never sent a
 * receipt for one of its segments waits rightly: only what the provider told us can be final. */
import type { Check } from "./check.ts";

export const unfinished: Check = {
  name: "unfinished",
  invariant: "I1",
  holds: "Every accepted message has exactly one final state after the drain",
  needs: ["drain"],
  query: `
SELECT m.id AS key, m.id AS message, format('ends as %s', m.status) AS words
FROM proof.message m
WHERE NOT m.is_final AND m.accepted > 0 AND NOT (m.status = 'submitted' AND EXISTS (
  SELECT FROM proof.delivery d WHERE d.message_id = m.id AND d.taken AND NOT EXISTS (
    SELECT FROM proof.receipt r WHERE r.provider = d.provider AND r.provider_message_id = d.provider_message_id
      AND r.recipient = d.recipient AND r.acknowledged)))`,
};
