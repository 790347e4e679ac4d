-- How much does each provider deliver, hour by hour?
-- Counts messages by the hour of their acceptance and the provider of their latest route; the rate is of those that are final.
-- Parameters:
--   from (timestamptz): first moment of acceptance
--   to (timestamptz): moment after the last
SELECT provider,
       date_trunc('hour', accepted_at, 'UTC') AS hour,
       count(*)::int AS messages,
       count(*) FILTER (WHERE status = 'delivered')::int AS delivered,
       count(*) FILTER (WHERE is_open)::int AS open,
       round(100.0 * count(*) FILTER (WHERE status = 'delivered') / nullif(count(*) FILTER (WHERE NOT is_open), 0), 2) AS delivered_percent
FROM report.messages
WHERE accepted_at >= :'from'::timestamptz AND accepted_at < :'to'::timestamptz AND provider IS NOT NULL
GROUP BY 1, 2
ORDER BY 2, 1
