-- What did an account spend on one day, by prefix?
-- By the price row that applied, and the day (UTC) of acceptance; `yesterday` is a day too.
-- Parameters:
--   account (text): the account
--   day (date): the day
SELECT price_prefix AS prefix, currency, count(*)::int AS messages, sum(segments)::int AS segments,
       sum(total)::numeric(20, 6) AS spent
FROM report.messages
WHERE account = :'account'::text AND total_micros IS NOT NULL
  AND accepted_at >= :'day'::date::timestamp AT TIME ZONE 'UTC'
  AND accepted_at < (:'day'::date + 1)::timestamp AT TIME ZONE 'UTC'
GROUP BY price_prefix, currency
ORDER BY spent DESC, prefix
