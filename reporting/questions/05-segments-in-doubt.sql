-- Which segments were ever in doubt, and what came of them?
-- In doubt: below a send mark without an answer, so the provider may have it. `submits` above 1 is a certain double.
-- Parameters:
--   from (timestamptz): first moment of the doubt
--   to (timestamptz): moment after the last
SELECT d.message_id, (d.data->>'segment')::int AS segment, d.at AS doubted_at, d.data->>'provider' AS provider,
       d.data->>'reason' AS reason, d.data->>'policy' AS policy, s.outcome, s.outcome_at,
       (SELECT count(*)::int FROM report.events e
        WHERE e.message_id = d.message_id AND e.type = 'submitted' AND e.data->>'segment' = d.data->>'segment') AS submits
FROM report.events d
LEFT JOIN report.segments s ON s.message_id = d.message_id AND s.segment = (d.data->>'segment')::int
WHERE d.type = 'in_doubt' AND d.minute >= :'from'::timestamptz - interval '1 minute'
  AND d.at >= :'from'::timestamptz AND d.at < :'to'::timestamptz
ORDER BY d.at, d.message_id, segment
