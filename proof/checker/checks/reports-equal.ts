/** PostgreSQL against the fold of what it has read, row by row: events, messages, segments, replies and rollups. */
import type { Check } from "./check.ts";

export const reportsEqual: Check = {
  name: "reports-equal",
  invariant: "I6",
  holds: "The reports are the fold of the events that they have read",
  needs: ["reports"],
  query: `
SELECT table_name || ' ' || key AS key, message_id AS message,
       format('should be %s, is %s', coalesce(expected, 'absent'), coalesce(found, 'absent')) AS words
FROM proof.difference`,
};
