-- What analysts read. Names are for people; money is in currency units and in micros.

CREATE VIEW report.messages AS
SELECT id AS message_id, set_id AS "set", account, class, status,
       to_number, calling_code, from_sender, text, encoding, segments, client_reference, metadata::jsonb AS metadata,
       accepted_at, routed_at, submitted_at, final_at, expire_at,
       date_bin('1 minute', accepted_at, timestamptz '2000-01-01 00:00:00+00') AS accepted_minute,
       final_at IS NULL AS is_open,
       provider, attempt, route_prefix, price_prefix,
       price_micros / 1000000.0 AS price, total_micros / 1000000.0 AS total, currency, price_micros, total_micros,
       reject_reason, reject_detail, doubts, replies
FROM godwit.message;
COMMENT ON VIEW report.messages IS 'One row a message, with its status now.';
COMMENT ON COLUMN report.messages.message_id IS 'Id of the message, as in the API.';
COMMENT ON COLUMN report.messages."set" IS 'The set that holds it.';
COMMENT ON COLUMN report.messages.account IS 'Account that sent it.';
COMMENT ON COLUMN report.messages.class IS 'alert, transactional or bulk.';
COMMENT ON COLUMN report.messages.status IS 'accepted, queued, submitted, delivered, partially_delivered, undelivered, rejected, expired or unknown.';
COMMENT ON COLUMN report.messages.to_number IS 'Recipient, E.164 with +.';
COMMENT ON COLUMN report.messages.calling_code IS 'Country calling code of the recipient with +. Countries may share one (+1, +7).';
COMMENT ON COLUMN report.messages.from_sender IS 'Sender as the handset shows it.';
COMMENT ON COLUMN report.messages.text IS 'Text as submitted.';
COMMENT ON COLUMN report.messages.encoding IS 'gsm7 or ucs2.';
COMMENT ON COLUMN report.messages.segments IS 'Parts on the air: the unit of price.';
COMMENT ON COLUMN report.messages.client_reference IS 'The customer''s own reference.';
COMMENT ON COLUMN report.messages.metadata IS 'The customer''s own names and values.';
COMMENT ON COLUMN report.messages.accepted_at IS 'When it was accepted: the moment of the 202.';
COMMENT ON COLUMN report.messages.routed_at IS 'When its latest route was chosen.';
COMMENT ON COLUMN report.messages.submitted_at IS 'First moment at which a provider took a segment of it.';
COMMENT ON COLUMN report.messages.final_at IS 'When the last segment reached its outcome, or it was rejected; null while open. A later, stronger receipt may move it.';
COMMENT ON COLUMN report.messages.expire_at IS 'Not to be submitted after this moment.';
COMMENT ON COLUMN report.messages.accepted_minute IS 'Minute of acceptance; a condition on it uses an index.';
COMMENT ON COLUMN report.messages.is_open IS 'No final status yet.';
COMMENT ON COLUMN report.messages.provider IS 'Provider of the latest route.';
COMMENT ON COLUMN report.messages.attempt IS 'Number of the latest route, from 1.';
COMMENT ON COLUMN report.messages.route_prefix IS 'Prefix of the route that won.';
COMMENT ON COLUMN report.messages.price_prefix IS 'Prefix of the price that applied.';
COMMENT ON COLUMN report.messages.price IS 'Price of one segment, in units of the currency.';
COMMENT ON COLUMN report.messages.total IS 'What was charged, in units of the currency.';
COMMENT ON COLUMN report.messages.currency IS 'ISO 4217.';
COMMENT ON COLUMN report.messages.price_micros IS 'Price of one segment in micros: exact.';
COMMENT ON COLUMN report.messages.total_micros IS 'What was charged in micros: exact.';
COMMENT ON COLUMN report.messages.reject_reason IS 'Why we refused it: opted_out, no_route, no_price, poison.';
COMMENT ON COLUMN report.messages.reject_detail IS 'The same in words.';
COMMENT ON COLUMN report.messages.doubts IS 'Submits without a known answer, over all segments.';
COMMENT ON COLUMN report.messages.replies IS 'Whole replies to it.';

CREATE VIEW report.segments AS
SELECT s.message_id, s.segment, m.account, m.class, m.accepted_at, s.outcome, s.outcome_at, s.submitted_at,
       s.provider, s.provider_message_id, s.error, s.doubts
FROM godwit.segment s JOIN godwit.message m ON m.id = s.message_id;
COMMENT ON VIEW report.segments IS 'One row a segment that a provider or we said something about.';
COMMENT ON COLUMN report.segments.message_id IS 'Its message.';
COMMENT ON COLUMN report.segments.segment IS 'Place in the message, from 0.';
COMMENT ON COLUMN report.segments.account IS 'Account of the message.';
COMMENT ON COLUMN report.segments.class IS 'Class of the message.';
COMMENT ON COLUMN report.segments.accepted_at IS 'When the message was accepted.';
COMMENT ON COLUMN report.segments.outcome IS 'submitted, lapsed, unknown, refused, expired, undelivered or delivered; null if only in doubt.';
COMMENT ON COLUMN report.segments.outcome_at IS 'Earliest report of that outcome.';
COMMENT ON COLUMN report.segments.submitted_at IS 'First time that a provider took it.';
COMMENT ON COLUMN report.segments.provider IS 'Provider of that first submit.';
COMMENT ON COLUMN report.segments.provider_message_id IS 'The provider''s id of that first submit.';
COMMENT ON COLUMN report.segments.error IS 'Error text or command status that came with the outcome.';
COMMENT ON COLUMN report.segments.doubts IS 'Submits of it without a known answer: above 0 it may have been sent twice.';

CREATE VIEW report.replies AS
SELECT r.reply AS reply_id, r.at AS received_at, r.from_number, r.to_number, r.text, r.parts, r.parts_received,
       r.message_id, m.account, m.text AS message_text, m.client_reference, m.accepted_at AS message_accepted_at
FROM godwit.reply r JOIN godwit.message m ON m.id = r.message_id;
COMMENT ON VIEW report.replies IS 'One row a reply, with the message that it answers.';
COMMENT ON COLUMN report.replies.reply_id IS 'Id of the reply.';
COMMENT ON COLUMN report.replies.received_at IS 'When its first part came.';
COMMENT ON COLUMN report.replies.from_number IS 'The handset.';
COMMENT ON COLUMN report.replies.to_number IS 'Our number that it was sent to.';
COMMENT ON COLUMN report.replies.text IS 'All parts joined; null while one is missing.';
COMMENT ON COLUMN report.replies.parts IS 'Parts that the reply has.';
COMMENT ON COLUMN report.replies.parts_received IS 'Parts that have come.';
COMMENT ON COLUMN report.replies.message_id IS 'The message that it answers.';
COMMENT ON COLUMN report.replies.account IS 'Account of that message.';
COMMENT ON COLUMN report.replies.message_text IS 'Text of that message.';
COMMENT ON COLUMN report.replies.client_reference IS 'The customer''s reference of that message.';
COMMENT ON COLUMN report.replies.message_accepted_at IS 'When that message was accepted.';

CREATE VIEW report.events AS
SELECT message_id, split_part(message_id, '-', 1) AS "set", type, at,
       date_bin('1 minute', at, timestamptz '2000-01-01 00:00:00+00') AS minute,
       writer, sequence, idx AS index, data::jsonb AS data
FROM godwit.event;
COMMENT ON VIEW report.events IS 'Every event: the audit trail. Events are never changed.';
COMMENT ON COLUMN report.events.message_id IS 'The message.';
COMMENT ON COLUMN report.events."set" IS 'The set that holds it.';
COMMENT ON COLUMN report.events.type IS 'accepted, routed, billed, rejected, submitted, refused, in_doubt, delivered, undelivered, expired, unknown, lapsed or replied.';
COMMENT ON COLUMN report.events.at IS 'When it happened, by the clock of the process that saw it.';
COMMENT ON COLUMN report.events.minute IS 'Minute in which it happened; a condition on it uses an index.';
COMMENT ON COLUMN report.events.writer IS 'Who appended it; (writer, sequence, index) is its identity.';
COMMENT ON COLUMN report.events.sequence IS 'Number of its batch.';
COMMENT ON COLUMN report.events.index IS 'Place in its batch, from 0.';
COMMENT ON COLUMN report.events.data IS 'Everything else that the event says.';

CREATE VIEW report.traffic_by_minute AS
SELECT minute, account, class, provider, status, currency, sum(messages)::bigint AS messages,
       sum(segments)::bigint AS segments, sum(total_micros) / 1000000.0 AS total, sum(total_micros)::bigint AS total_micros
FROM godwit.rollup_minute
GROUP BY minute, account, class, provider, status, currency;
COMMENT ON VIEW report.traffic_by_minute IS 'Messages by minute of acceptance and status now: counted already, so any span is quick.';
COMMENT ON COLUMN report.traffic_by_minute.minute IS 'Minute of acceptance.';
COMMENT ON COLUMN report.traffic_by_minute.account IS 'Account.';
COMMENT ON COLUMN report.traffic_by_minute.class IS 'alert, transactional or bulk.';
COMMENT ON COLUMN report.traffic_by_minute.provider IS 'Provider of the latest route; empty before the first.';
COMMENT ON COLUMN report.traffic_by_minute.status IS 'Status now.';
COMMENT ON COLUMN report.traffic_by_minute.currency IS 'Currency; empty before billing.';
COMMENT ON COLUMN report.traffic_by_minute.messages IS 'Messages.';
COMMENT ON COLUMN report.traffic_by_minute.segments IS 'Their segments.';
COMMENT ON COLUMN report.traffic_by_minute.total IS 'What was charged for them, in units of the currency.';
COMMENT ON COLUMN report.traffic_by_minute.total_micros IS 'The same in micros: exact.';

-- Stacked and summed rather than joined: a condition on minute then reaches the index under each of the three.
CREATE VIEW report.reconciliation AS
SELECT account, minute, sum(accepted)::bigint AS accepted, sum(messages)::bigint AS messages,
       sum(counted)::bigint AS counted, sum(accepted) = sum(messages) AND sum(messages) = sum(counted) AS matches
FROM (
  SELECT data->>'account' AS account, date_bin('1 minute', at, timestamptz '2000-01-01 00:00:00+00') AS minute,
         1 AS accepted, 0 AS messages, 0::bigint AS counted
  FROM godwit.event WHERE type = 'accepted'
  UNION ALL
  SELECT account, date_bin('1 minute', accepted_at, timestamptz '2000-01-01 00:00:00+00'), 0, 1, 0 FROM godwit.message
  UNION ALL
  SELECT account, minute, 0, 0, messages FROM godwit.rollup_minute
) AS counts
GROUP BY account, minute;
COMMENT ON VIEW report.reconciliation IS 'Three independent counts of the accepted messages of an account and minute. A row that does not match is an alarm.';
COMMENT ON COLUMN report.reconciliation.account IS 'Account.';
COMMENT ON COLUMN report.reconciliation.minute IS 'Minute of acceptance.';
COMMENT ON COLUMN report.reconciliation.accepted IS 'accepted events.';
COMMENT ON COLUMN report.reconciliation.messages IS 'Rows of report.messages.';
COMMENT ON COLUMN report.reconciliation.counted IS 'Sum over all statuses of report.traffic_by_minute.';
COMMENT ON COLUMN report.reconciliation.matches IS 'All three are equal.';

CREATE VIEW report.progress AS
SELECT set_id AS "set", writer, sequence, closed FROM godwit.checkpoint;
COMMENT ON VIEW report.progress IS 'How far the reports have read each writer of each set.';
COMMENT ON COLUMN report.progress."set" IS 'The set.';
COMMENT ON COLUMN report.progress.writer IS 'The writer.';
COMMENT ON COLUMN report.progress.sequence IS 'Last batch of it that is in the reports.';
COMMENT ON COLUMN report.progress.closed IS 'The writer has ended: nothing follows.';
