/** What the provider got is what the customer wrote: each text whole, and from the right sender. */
import type { Check } from "./check.ts";

export const submittedAsWritten: Check = {
  name: "submitted-as-written",
  invariant: "I7",
  holds: "The segments of a message make up its text, from its sender",
  query: `
WITH part AS (
  SELECT message_id, segment, min(text) AS text, max(text) AS other, bool_and(taken) AS taken,
         min(sender) AS sender, max(sender) AS other_sender
  FROM proof.delivery WHERE message_id IS NOT NULL GROUP BY message_id, segment),
whole AS (
  SELECT message_id, count(*) AS parts, string_agg(text, '' ORDER BY segment) AS text,
         bool_or(text <> other OR sender <> other_sender) AS differ, min(sender) AS sender
  FROM part GROUP BY message_id)
SELECT m.id AS key, m.id AS message, format('the provider got %L from %s', w.text, w.sender) AS words
FROM whole w JOIN proof.message m ON m.id = w.message_id
WHERE w.differ OR w.sender <> m.sender OR w.parts > m.segments OR (w.parts = m.segments AND w.text <> m.text)`,
};
