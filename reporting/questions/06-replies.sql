-- Which replies came, and which message does each one answer?
-- Parameters:
--   account (text): the account
--   from (timestamptz): first moment of receipt
--   to (timestamptz): moment after the last
SELECT received_at, from_number, text AS reply, message_id, message_text, client_reference,
       extract(epoch FROM received_at - message_accepted_at)::int AS answered_after_seconds
FROM report.replies
WHERE account = :'account'::text AND received_at >= :'from'::timestamptz AND received_at < :'to'::timestamptz
ORDER BY received_at, reply_id
