-- Which errors does each provider report most?
-- Segments by their final outcome other than delivered, with the error text or command status that came with it.
-- Parameters:
--   from (timestamptz): first moment of the outcome
--   to (timestamptz): moment after the last
SELECT coalesce(s.provider, m.provider) AS provider, s.outcome, s.error, count(*)::int AS segments,
       max(s.outcome_at) AS last_at
FROM report.segments s JOIN report.messages m USING (message_id)
WHERE s.outcome NOT IN ('submitted', 'delivered')
  AND s.outcome_at >= :'from'::timestamptz AND s.outcome_at < :'to'::timestamptz
GROUP BY 1, 2, 3
ORDER BY 1, 4 DESC, 2, 3
