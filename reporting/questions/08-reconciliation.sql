-- Do the reports agree with themselves?
-- Every row is an alarm: an account and minute whose accepted events, messages and counts differ. No row is the good answer.
-- Parameters:
--   from (timestamptz): first minute looked at
SELECT account, minute, accepted, messages, counted
FROM report.reconciliation
WHERE minute >= :'from'::timestamptz AND NOT matches
ORDER BY minute, account
