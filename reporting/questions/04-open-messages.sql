-- Which messages are still open after so many minutes?
-- The oldest first. A message whose provider sends no receipts stays open as `submitted`.
-- Parameters:
--   minutes (integer, default 60): age from which they are shown
SELECT message_id, account, class, status, provider, accepted_at, doubts
FROM report.messages
WHERE is_open AND accepted_at < now() - make_interval(mins => :'minutes'::integer)
ORDER BY accepted_at, message_id
