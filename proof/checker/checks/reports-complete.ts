/** The projector catches up: after the drain it has read every batch of every writer, and none that is not there. */
import type { Check } from "./check.ts";

export const reportsComplete: Check = {
  name: "reports-complete",
  invariant: "I6",
  holds: "After the drain the reports have read everything",
  needs: ["drain", "reports"],
  query: `
SELECT set_id || ' ' || writer AS key, NULL AS message, format('read to %s of %s', read_to, last) AS words
FROM proof.unread`,
};
