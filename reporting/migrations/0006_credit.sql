-- Money: every level of resellers pays for a message, prices are given back, and credit moves beside messages.

ALTER TABLE godwit.message ADD COLUMN refunded_micros bigint;
COMMENT ON COLUMN godwit.message.refunded_micros IS 'What was given back of it to its account, in micros; null: nothing.';
COMMENT ON COLUMN godwit.message.reject_reason IS 'Why we refused it: opted_out, no_route, no_price, insufficient_credit, credit_unreachable, poison, cancelled (its sender took it back: status cancelled); null again once a poison is requeued.';

CREATE TABLE godwit.charge (
  message_id      text COLLATE "C" NOT NULL,
  level           smallint NOT NULL,
  account         text COLLATE "C" NOT NULL,
  price_list      text COLLATE "C",
  price_prefix    text COLLATE "C" NOT NULL,
  price_micros    bigint NOT NULL,
  total_micros    bigint NOT NULL,
  refunded_micros bigint,
  currency        text COLLATE "C" NOT NULL,
  PRIMARY KEY (message_id, level)
);
COMMENT ON TABLE godwit.charge IS 'One row a message and account above its own: what that one pays for it. What its own account pays stands in godwit.message.';
COMMENT ON COLUMN godwit.charge.message_id IS 'The message.';
COMMENT ON COLUMN godwit.charge.level IS 'How far above the message''s account: 1 is right above.';
COMMENT ON COLUMN godwit.charge.account IS 'Account that pays.';
COMMENT ON COLUMN godwit.charge.price_list IS 'Its price list.';
COMMENT ON COLUMN godwit.charge.price_prefix IS 'Prefix of the price that applied.';
COMMENT ON COLUMN godwit.charge.price_micros IS 'Price of one segment in micros of the currency.';
COMMENT ON COLUMN godwit.charge.total_micros IS 'What was charged, in micros of the currency.';
COMMENT ON COLUMN godwit.charge.refunded_micros IS 'What was given back of it, in micros; null: nothing.';
COMMENT ON COLUMN godwit.charge.currency IS 'ISO 4217.';

CREATE TABLE godwit.ledger_entry (
  writer   text COLLATE "C" NOT NULL,
  sequence bigint NOT NULL,
  idx      integer NOT NULL,
  set_id   text COLLATE "C" NOT NULL,
  entry_id text COLLATE "C" NOT NULL,
  type     text COLLATE "C" NOT NULL,
  at       timestamptz NOT NULL,
  account  text COLLATE "C" NOT NULL,
  micros   bigint NOT NULL,
  data     json NOT NULL,
  PRIMARY KEY (set_id, entry_id, type, account)
);
CREATE INDEX ledger_entry_account ON godwit.ledger_entry (account, at);
COMMENT ON TABLE godwit.ledger_entry IS 'Money that moved beside messages, as read from the sets. Only ever inserted into.';
COMMENT ON COLUMN godwit.ledger_entry.writer IS 'Who appended the entry.';
COMMENT ON COLUMN godwit.ledger_entry.sequence IS 'Number of the event batch of this writer.';
COMMENT ON COLUMN godwit.ledger_entry.idx IS 'Place of the entry in its batch, from 0.';
COMMENT ON COLUMN godwit.ledger_entry.set_id IS 'The set that it happened on.';
COMMENT ON COLUMN godwit.ledger_entry.entry_id IS 'Id of the operation: done once under it. With set, type and account the identity of the entry; sent and landed share one.';
COMMENT ON COLUMN godwit.ledger_entry.type IS 'paid, lent, transferred; sent and landed: carried from one set to another.';
COMMENT ON COLUMN godwit.ledger_entry.at IS 'When it happened.';
COMMENT ON COLUMN godwit.ledger_entry.account IS 'Whose money it is; of a transfer, who gave it.';
COMMENT ON COLUMN godwit.ledger_entry.micros IS 'How much, in micros of the account''s currency.';
COMMENT ON COLUMN godwit.ledger_entry.data IS 'The rest of the entry.';

CREATE OR REPLACE VIEW report.messages AS
SELECT id AS message_id, set_id AS "set", account, class, status,
       to_number, calling_code, from_sender, text, encoding, segments, client_reference, metadata::jsonb AS metadata,
       accepted_at, routed_at, submitted_at, final_at, expire_at,
       date_bin('1 minute', accepted_at, timestamptz '2000-01-01 00:00:00+00') AS accepted_minute,
       final_at IS NULL AS is_open,
       provider, attempt, route_prefix, price_prefix,
       price_micros / 1000000.0 AS price, total_micros / 1000000.0 AS total, currency, price_micros, total_micros,
       reject_reason, reject_detail, doubts, replies,
       refunded_micros / 1000000.0 AS refunded, refunded_micros
FROM godwit.message;
COMMENT ON COLUMN report.messages.reject_reason IS 'Why we refused it: opted_out, no_route, no_price, insufficient_credit, credit_unreachable, poison, cancelled (its sender took it back: status cancelled); null again once a poison is requeued.';
COMMENT ON COLUMN report.messages.refunded IS 'What was given back of the total, in units of the currency; null: nothing.';
COMMENT ON COLUMN report.messages.refunded_micros IS 'The same in micros: exact.';
COMMENT ON COLUMN report.events.type IS 'accepted, routed, billed, refunded, rejected, requeued, discarded, submitted, refused, in_doubt, delivered, undelivered, expired, unknown, lapsed or replied.';

CREATE VIEW report.charges AS
SELECT id AS message_id, 0::smallint AS level, account, account AS sender, class, accepted_at, segments,
       price_micros, total_micros, refunded_micros, total_micros - coalesce(refunded_micros, 0) AS net_micros,
       (total_micros - coalesce(refunded_micros, 0)) / 1000000.0 AS net, currency
FROM godwit.message WHERE total_micros IS NOT NULL
UNION ALL
SELECT m.id, c.level, c.account, m.account, m.class, m.accepted_at, m.segments,
       c.price_micros, c.total_micros, c.refunded_micros, c.total_micros - coalesce(c.refunded_micros, 0),
       (c.total_micros - coalesce(c.refunded_micros, 0)) / 1000000.0, c.currency
FROM godwit.charge c JOIN godwit.message m ON m.id = c.message_id;
COMMENT ON VIEW report.charges IS 'One row a message and account that pays for it: its own (level 0) and each above it. What a reseller earns is the difference of two levels.';
COMMENT ON COLUMN report.charges.message_id IS 'The message.';
COMMENT ON COLUMN report.charges.level IS '0: the account that sent it; 1: the one right above; and so on.';
COMMENT ON COLUMN report.charges.account IS 'Account that pays.';
COMMENT ON COLUMN report.charges.sender IS 'Account that sent it.';
COMMENT ON COLUMN report.charges.class IS 'Class of the message.';
COMMENT ON COLUMN report.charges.accepted_at IS 'When the message was accepted; a condition on it uses an index.';
COMMENT ON COLUMN report.charges.segments IS 'Parts on the air: the unit of price.';
COMMENT ON COLUMN report.charges.price_micros IS 'Price of one segment in micros.';
COMMENT ON COLUMN report.charges.total_micros IS 'What was charged, in micros.';
COMMENT ON COLUMN report.charges.refunded_micros IS 'What was given back, in micros; null: nothing.';
COMMENT ON COLUMN report.charges.net_micros IS 'What it comes to, in micros: exact.';
COMMENT ON COLUMN report.charges.net IS 'The same in units of the currency.';
COMMENT ON COLUMN report.charges.currency IS 'ISO 4217.';

-- From the events and entries themselves, so that a balance can be proved from them at any moment.
CREATE VIEW report.ledger AS
SELECT e.at, level.data ->> 'account' AS account, 'billed' AS kind, -(level.data ->> 'totalMicros')::bigint AS micros,
       level.data ->> 'currency' AS currency, coalesce((level.data ->> 'charged')::boolean, false) AS of_credit,
       e.message_id AS reference, NULL AS actor, NULL AS note
FROM godwit.event e,
     LATERAL (SELECT e.data::jsonb AS data UNION ALL SELECT jsonb_array_elements(e.data::jsonb -> 'above')) AS level
WHERE e.type = 'billed'
UNION ALL
SELECT e.at, level.data ->> 'account', 'refunded', (level.data ->> 'micros')::bigint, level.data ->> 'currency',
       coalesce((level.data ->> 'charged')::boolean, false), e.message_id, NULL, NULL
FROM godwit.event e, LATERAL jsonb_array_elements(e.data::jsonb -> 'levels') AS level (data)
WHERE e.type = 'refunded'
UNION ALL
SELECT at, account, type, CASE type WHEN 'transferred' THEN -micros ELSE micros END, data ->> 'currency', true, entry_id,
       data ->> 'actor', data ->> 'note'
FROM godwit.ledger_entry WHERE type IN ('paid', 'transferred')
UNION ALL
SELECT at, data ->> 'to', type, micros, data ->> 'currency', true, entry_id, data ->> 'actor', data ->> 'note'
FROM godwit.ledger_entry WHERE type = 'transferred';
COMMENT ON VIEW report.ledger IS 'Every movement of an account''s money. Its balance at a moment is the sum of micros up to it where of_credit.';
COMMENT ON COLUMN report.ledger.at IS 'When it happened.';
COMMENT ON COLUMN report.ledger.account IS 'Whose money it is.';
COMMENT ON COLUMN report.ledger.kind IS 'billed, refunded, paid or transferred.';
COMMENT ON COLUMN report.ledger.micros IS 'Added to the balance; negative: taken from it.';
COMMENT ON COLUMN report.ledger.currency IS 'ISO 4217.';
COMMENT ON COLUMN report.ledger.of_credit IS 'Whether it changed the account''s balance: what an account of unlimited credit is billed does not.';
COMMENT ON COLUMN report.ledger.reference IS 'Id of the message, or of the operation.';
COMMENT ON COLUMN report.ledger.actor IS 'Who did it, where somebody did.';
COMMENT ON COLUMN report.ledger.note IS 'What for.';
