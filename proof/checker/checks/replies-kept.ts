/** A reply that we took from the provider stands under the message that it answers. One to a number that never wrote
 * to that handset answers nothing, and as many as lie on lane `dead` are excused. */
import type { Check } from "./check.ts";

export const repliesKept: Check = {
  name: "replies-kept",
  invariant: "I8",
  holds: "Every acknowledged reply is in the events",
  needs: ["drain"],
  query: `
SELECT key, NULL AS message, words FROM (
  SELECT r.handset || ' ' || r.number AS key, format('the reply %L of %s, acknowledged at %s, is in no events',
    r.text, r.handset, r.at) AS words,
         row_number() OVER (ORDER BY r.at) AS place
  FROM proof.reply r
  WHERE r.acknowledged
    AND EXISTS (SELECT FROM proof.message m WHERE m.recipient = r.handset AND m.sender = r.number
      AND m.accepted_at < r.at)
    AND NOT EXISTS (SELECT FROM proof.replied e WHERE e.handset = r.handset AND e.number = r.number AND e.text = r.text)
) AS missing
WHERE place > (SELECT coalesce(sum(items), 0) FROM proof.depth WHERE lane = 'dead')`,
};
