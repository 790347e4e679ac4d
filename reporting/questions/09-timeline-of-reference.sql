-- What happened to the messages of one client reference, step by step?
-- Parameters:
--   account (text): the account
--   reference (text): the customer's own reference
SELECT m.message_id, m.to_number, m.status, e.at, e.type, e.data->>'provider' AS provider, e.data->>'segment' AS segment,
       coalesce(e.data->>'error', e.data->>'reason', e.data->>'status') AS detail
FROM report.messages m JOIN report.events e USING (message_id)
WHERE m.account = :'account'::text AND m.client_reference = :'reference'::text
ORDER BY m.message_id, e.at, e.writer, e.sequence, e.index
