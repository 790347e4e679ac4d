-- How long do messages take: from acceptance to the first submit, and from there to delivery?
-- Milliseconds, by class. Delivery is the time on the receipt's event, so a slow receipt counts against the provider.
-- Parameters:
--   from (timestamptz): first moment of acceptance
--   to (timestamptz): moment after the last
WITH took AS (
  SELECT class,
         extract(epoch FROM submitted_at - accepted_at) * 1000 AS to_submit,
         CASE WHEN status = 'delivered' THEN extract(epoch FROM final_at - submitted_at) * 1000 END AS to_delivery
  FROM report.messages
  WHERE accepted_at >= :'from'::timestamptz AND accepted_at < :'to'::timestamptz AND submitted_at IS NOT NULL
)
SELECT class,
       count(*)::int AS submitted,
       count(to_delivery)::int AS delivered,
       round(percentile_cont(0.50) WITHIN GROUP (ORDER BY to_submit)::numeric) AS submit_p50_ms,
       round(percentile_cont(0.95) WITHIN GROUP (ORDER BY to_submit)::numeric) AS submit_p95_ms,
       round(percentile_cont(0.99) WITHIN GROUP (ORDER BY to_submit)::numeric) AS submit_p99_ms,
       round(percentile_cont(0.50) WITHIN GROUP (ORDER BY to_delivery)::numeric) AS delivery_p50_ms,
       round(percentile_cont(0.95) WITHIN GROUP (ORDER BY to_delivery)::numeric) AS delivery_p95_ms,
       round(percentile_cont(0.99) WITHIN GROUP (ORDER BY to_delivery)::numeric) AS delivery_p99_ms
FROM took
GROUP BY class
ORDER BY class
