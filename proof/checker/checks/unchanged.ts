/** Batches as they were read while the run went on, against what they are now: neither changed nor taken back. */
import type { Check } from "./check.ts";

export const unchanged: Check = {
  name: "unchanged",
  invariant: "I4",
  holds: "A batch that was read once reads the same for ever",
  query: `
SELECT h.set_id || ' ' || h.writer || ' ' || h.sequence AS key, NULL AS message,
       CASE WHEN b.hash IS NULL THEN format('was read at %s and is not there any more', h.at)
            ELSE format('was %s at %s and is %s now', h.hash, h.at, b.hash) END AS words
FROM proof.batch_hash h LEFT JOIN proof.batch b USING (set_id, writer, sequence)
WHERE b.hash IS DISTINCT FROM h.hash`,
};
