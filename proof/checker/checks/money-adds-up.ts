/**
 * Money to the micro: what every account that was ever paid for has, with what is on its way between sets, is what was
 * paid in and handed on, less what it was billed, and more by what it was given back.
 */
import type { Check } from "./check.ts";

export const moneyAddsUp: Check = {
  name: "money-adds-up",
  invariant: "I3",
  holds: "Every account's money is what was paid in, less what was billed and not given back, at every level",
  needs: ["drain"],
  query: `
WITH said AS (
  SELECT account, micros FROM proof.entry WHERE type = 'paid'
  UNION ALL SELECT account, -micros FROM proof.entry WHERE type = 'transferred'
  UNION ALL SELECT other, micros FROM proof.entry WHERE type = 'transferred'
  UNION ALL
  SELECT level ->> 'account', -(level ->> 'totalMicros')::numeric
  FROM (SELECT data::jsonb AS bill FROM proof.event WHERE type = 'billed') AS billed,
       LATERAL (SELECT bill UNION ALL SELECT jsonb_array_elements(bill -> 'above')) AS levels (level)
  WHERE (level ->> 'charged')::boolean
  UNION ALL
  SELECT level ->> 'account', (level ->> 'micros')::numeric
  FROM proof.event, LATERAL jsonb_array_elements(data::jsonb -> 'levels') AS levels (level)
  WHERE type = 'refunded' AND (level ->> 'charged')::boolean
), sums AS (
  SELECT account, sum(micros) AS micros FROM said GROUP BY account
), held AS (
  SELECT account, sum(CASE WHEN part LIKE 'from %' OR part = 'lent' THEN -micros ELSE micros END) AS micros
  FROM proof.money GROUP BY account
), carried AS (
  SELECT out.account, out.set_id, out.part, out.micros AS left_there, coalesce(came.micros, 0) AS came
  FROM proof.money AS out
  LEFT JOIN proof.money AS came
    ON came.account = out.account AND out.part = 'to ' || came.set_id AND came.part = 'from ' || out.set_id
  WHERE out.part LIKE 'to %'
)
SELECT coalesce(sums.account, held.account) AS key, NULL AS message,
       format('%s has %s, and by what was said of it %s',
              coalesce(sums.account, held.account), coalesce(held.micros, 0), coalesce(sums.micros, 0)) AS words
FROM sums FULL JOIN held ON held.account = sums.account
WHERE coalesce(held.micros, 0) <> coalesce(sums.micros, 0)
UNION ALL
SELECT account, NULL, format('%s of %s left %s %s, and %s have come', left_there, account, set_id, part, came)
FROM carried WHERE left_there <> came
UNION ALL
SELECT account, NULL, format('%s of %s is %s', part, account, micros) FROM proof.money WHERE micros < 0`,
};
