-- How much traffic is there, minute by minute and class by class?
-- Parameters:
--   from (timestamptz): first minute
--   to (timestamptz): minute after the last
--   account (text, default ''): one account; empty for all
SELECT minute, class, sum(messages)::int AS messages, sum(segments)::int AS segments,
       coalesce(sum(messages) FILTER (WHERE status = 'delivered'), 0)::int AS delivered
FROM report.traffic_by_minute
WHERE minute >= :'from'::timestamptz AND minute < :'to'::timestamptz AND :'account'::text IN ('', account)
GROUP BY minute, class
ORDER BY minute, class
