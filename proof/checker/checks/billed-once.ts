/** Money: charged once, the right account, price times segments; free what was refused before it had a route. */
import type { Check } from "./check.ts";

export const billedOnce: Check = {
  name: "billed-once",
  invariant: "I3",
  holds: "Every routed message is billed exactly once, and no other is",
  query: `
SELECT id AS key, id AS message,
       format('%s routed and %s billed events; %s x %s micros to %s for %s segments of %s',
              routed, billed, total_micros, price_micros, billed_account, segments, account) AS words
FROM proof.message
WHERE (status <> 'rejected' AND routed > 0 AND billed <> 1) OR billed > 1
  OR (billed > 0 AND (billed_account IS DISTINCT FROM account OR billed_segments IS DISTINCT FROM segments
    OR total_micros IS DISTINCT FROM price_micros * segments))`,
};
