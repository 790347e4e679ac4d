-- The facts, kept by the projector alone. Ids compare by byte (COLLATE "C"): a linguistic order costs CPU and means nothing here.

CREATE TABLE godwit.event (
  message_id text COLLATE "C" NOT NULL,
  writer     text COLLATE "C" NOT NULL,
  sequence   bigint NOT NULL,
  idx        integer NOT NULL,
  type       text COLLATE "C" NOT NULL,
  at         timestamptz NOT NULL,
  data       json NOT NULL,
  -- One index for both readers: the events of a message (fold, timeline), and "this event is here already".
  PRIMARY KEY (message_id, writer, sequence, idx)
);
-- Events arrive roughly in the order of time: a block range index costs almost nothing and bounds a scan by minute.
CREATE INDEX event_minute ON godwit.event USING brin (date_bin('1 minute', at, timestamptz '2000-01-01 00:00:00+00'));
COMMENT ON TABLE godwit.event IS 'Every event of every message, as read from the sets. Only ever inserted into.';
COMMENT ON COLUMN godwit.event.message_id IS 'The message that the event belongs to; its id starts with its set.';
COMMENT ON COLUMN godwit.event.writer IS 'Who appended the event; with sequence and idx its identity.';
COMMENT ON COLUMN godwit.event.sequence IS 'Number of the event batch of this writer; there are no gaps.';
COMMENT ON COLUMN godwit.event.idx IS 'Place of the event in its batch, from 0.';
COMMENT ON COLUMN godwit.event.type IS 'What happened: accepted, routed, billed, submitted, delivered, …';
COMMENT ON COLUMN godwit.event.at IS 'When it happened, by the clock of the process that saw it.';
COMMENT ON COLUMN godwit.event.data IS 'The rest of the event. json and not jsonb: written once, hardly read, and the text is kept as it came.';

-- Three to four updates follow each insert: the room left in a page keeps them there, without touching an index (HOT).
CREATE TABLE godwit.message (
  id               text COLLATE "C" PRIMARY KEY,
  set_id           text COLLATE "C" NOT NULL,
  account          text COLLATE "C" NOT NULL,
  class            text COLLATE "C" NOT NULL,
  to_number        text COLLATE "C" NOT NULL,
  calling_code     text COLLATE "C" NOT NULL,
  from_sender      text COLLATE "C" NOT NULL,
  text             text NOT NULL,
  encoding         text COLLATE "C" NOT NULL,
  segments         smallint NOT NULL,
  client_reference text COLLATE "C",
  metadata         json,
  accepted_at      timestamptz NOT NULL,
  expire_at        timestamptz,
  status           text COLLATE "C" NOT NULL,
  routed_at        timestamptz,
  submitted_at     timestamptz,
  final_at         timestamptz,
  provider         text COLLATE "C",
  attempt          integer,
  route_prefix     text COLLATE "C",
  price_prefix     text COLLATE "C",
  price_micros     bigint,
  total_micros     bigint,
  currency         text COLLATE "C",
  reject_reason    text COLLATE "C",
  reject_detail    text,
  doubts           integer NOT NULL,
  replies          integer NOT NULL
) WITH (fillfactor = 50);
CREATE INDEX message_minute ON godwit.message USING brin (date_bin('1 minute', accepted_at, timestamptz '2000-01-01 00:00:00+00'));
CREATE INDEX message_accepted_at ON godwit.message USING brin (accepted_at);
CREATE INDEX message_client_reference ON godwit.message (client_reference, account) WHERE client_reference IS NOT NULL;
COMMENT ON TABLE godwit.message IS 'One row a message: the fold of its events. A message appears with its accepted event.';
COMMENT ON COLUMN godwit.message.id IS 'Message id: set, dash, time-ordered unique part.';
COMMENT ON COLUMN godwit.message.set_id IS 'The set that holds the message and all its events.';
COMMENT ON COLUMN godwit.message.account IS 'Account that sent it.';
COMMENT ON COLUMN godwit.message.class IS 'alert, transactional or bulk.';
COMMENT ON COLUMN godwit.message.to_number IS 'Recipient, E.164 with +.';
COMMENT ON COLUMN godwit.message.calling_code IS 'Country calling code of the recipient with +, such as +61. Countries may share one (+1, +7).';
COMMENT ON COLUMN godwit.message.from_sender IS 'Sender as the handset shows it.';
COMMENT ON COLUMN godwit.message.text IS 'Text as submitted.';
COMMENT ON COLUMN godwit.message.encoding IS 'gsm7 or ucs2.';
COMMENT ON COLUMN godwit.message.segments IS 'Parts on the air: the unit of price.';
COMMENT ON COLUMN godwit.message.client_reference IS 'The customer''s own reference.';
COMMENT ON COLUMN godwit.message.metadata IS 'The customer''s own names and values.';
COMMENT ON COLUMN godwit.message.accepted_at IS 'When it was accepted: the moment of the 202.';
COMMENT ON COLUMN godwit.message.expire_at IS 'Not to be submitted after this moment.';
COMMENT ON COLUMN godwit.message.status IS 'Status as customers see it.';
COMMENT ON COLUMN godwit.message.routed_at IS 'When its latest route was chosen.';
COMMENT ON COLUMN godwit.message.submitted_at IS 'First moment at which a provider took a segment of it.';
COMMENT ON COLUMN godwit.message.final_at IS 'When the last segment reached its outcome, or the message was rejected; null while it is open.';
COMMENT ON COLUMN godwit.message.provider IS 'Provider of the latest route.';
COMMENT ON COLUMN godwit.message.attempt IS 'Number of the latest route, from 1.';
COMMENT ON COLUMN godwit.message.route_prefix IS 'Prefix of the route that won.';
COMMENT ON COLUMN godwit.message.price_prefix IS 'Prefix of the price that applied.';
COMMENT ON COLUMN godwit.message.price_micros IS 'Price of one segment in micros (1e-6) of the currency.';
COMMENT ON COLUMN godwit.message.total_micros IS 'What was charged, in micros of the currency.';
COMMENT ON COLUMN godwit.message.currency IS 'Currency of the account, ISO 4217.';
COMMENT ON COLUMN godwit.message.reject_reason IS 'Why we refused it: opted_out, no_route, no_price, poison.';
COMMENT ON COLUMN godwit.message.reject_detail IS 'The same in words.';
COMMENT ON COLUMN godwit.message.doubts IS 'Submits without a known answer, over all segments.';
COMMENT ON COLUMN godwit.message.replies IS 'Whole replies to it.';

CREATE TABLE godwit.segment (
  message_id          text COLLATE "C" NOT NULL,
  segment             smallint NOT NULL,
  outcome             text COLLATE "C",
  outcome_at          timestamptz,
  submitted_at        timestamptz,
  provider            text COLLATE "C",
  provider_message_id text COLLATE "C",
  error               text,
  doubts              integer NOT NULL,
  PRIMARY KEY (message_id, segment)
) WITH (fillfactor = 50);
COMMENT ON TABLE godwit.segment IS 'One row a segment that a provider or we said something about.';
COMMENT ON COLUMN godwit.segment.message_id IS 'Its message.';
COMMENT ON COLUMN godwit.segment.segment IS 'Place in the message, from 0.';
COMMENT ON COLUMN godwit.segment.outcome IS 'Strongest known: submitted < lapsed < unknown < refused < expired < undelivered < delivered; null if only in doubt.';
COMMENT ON COLUMN godwit.segment.outcome_at IS 'Earliest report of that outcome.';
COMMENT ON COLUMN godwit.segment.submitted_at IS 'First time that a provider took it.';
COMMENT ON COLUMN godwit.segment.provider IS 'Provider of that first submit.';
COMMENT ON COLUMN godwit.segment.provider_message_id IS 'The provider''s id of that first submit.';
COMMENT ON COLUMN godwit.segment.error IS 'Error text or command status that came with the outcome.';
COMMENT ON COLUMN godwit.segment.doubts IS 'Submits of it without a known answer.';

CREATE TABLE godwit.reply (
  message_id     text COLLATE "C" NOT NULL,
  reply          text COLLATE "C" NOT NULL,
  at             timestamptz NOT NULL,
  from_number    text COLLATE "C" NOT NULL,
  to_number      text COLLATE "C" NOT NULL,
  text           text,
  parts          smallint NOT NULL,
  parts_received smallint NOT NULL,
  PRIMARY KEY (message_id, reply)
);
COMMENT ON TABLE godwit.reply IS 'One row a reply, under the message that it answers.';
COMMENT ON COLUMN godwit.reply.message_id IS 'The message that it answers.';
COMMENT ON COLUMN godwit.reply.reply IS 'Id of the reply.';
COMMENT ON COLUMN godwit.reply.at IS 'When its first part came.';
COMMENT ON COLUMN godwit.reply.from_number IS 'The handset.';
COMMENT ON COLUMN godwit.reply.to_number IS 'Our number that it was sent to.';
COMMENT ON COLUMN godwit.reply.text IS 'All parts joined; null while one is missing.';
COMMENT ON COLUMN godwit.reply.parts IS 'Parts that the reply has.';
COMMENT ON COLUMN godwit.reply.parts_received IS 'Parts that have come.';

-- Keyed by set as well: each set has a projector of its own, and these never wait for each other's rows.
CREATE TABLE godwit.rollup_minute (
  set_id       text COLLATE "C" NOT NULL,
  minute       timestamptz NOT NULL,
  account      text COLLATE "C" NOT NULL,
  class        text COLLATE "C" NOT NULL,
  provider     text COLLATE "C" NOT NULL,
  status       text COLLATE "C" NOT NULL,
  currency     text COLLATE "C" NOT NULL,
  messages     bigint NOT NULL,
  segments     bigint NOT NULL,
  total_micros bigint NOT NULL,
  PRIMARY KEY (set_id, minute, account, class, provider, status, currency)
) WITH (fillfactor = 50);
CREATE INDEX rollup_minute_account ON godwit.rollup_minute (account, minute);
COMMENT ON TABLE godwit.rollup_minute IS 'Messages by minute of acceptance and current status; a message moves from row to row as its status does.';
COMMENT ON COLUMN godwit.rollup_minute.set_id IS 'The set that holds the messages.';
COMMENT ON COLUMN godwit.rollup_minute.minute IS 'Minute of acceptance.';
COMMENT ON COLUMN godwit.rollup_minute.account IS 'Account.';
COMMENT ON COLUMN godwit.rollup_minute.class IS 'alert, transactional or bulk.';
COMMENT ON COLUMN godwit.rollup_minute.provider IS 'Provider of the latest route; empty before the first.';
COMMENT ON COLUMN godwit.rollup_minute.status IS 'Status now.';
COMMENT ON COLUMN godwit.rollup_minute.currency IS 'Currency; empty before billing.';
COMMENT ON COLUMN godwit.rollup_minute.messages IS 'Messages; never 0: such a row is removed.';
COMMENT ON COLUMN godwit.rollup_minute.segments IS 'Their segments.';
COMMENT ON COLUMN godwit.rollup_minute.total_micros IS 'What was charged for them, in micros of the currency.';

CREATE TABLE godwit.checkpoint (
  projection text COLLATE "C" NOT NULL,
  set_id     text COLLATE "C" NOT NULL,
  writer     text COLLATE "C" NOT NULL,
  sequence   bigint NOT NULL,
  closed     boolean NOT NULL,
  PRIMARY KEY (projection, set_id, writer)
) WITH (fillfactor = 50);
COMMENT ON TABLE godwit.checkpoint IS 'How far each writer has been read; moved in the same transaction as the facts.';
COMMENT ON COLUMN godwit.checkpoint.projection IS 'Name of the projection.';
COMMENT ON COLUMN godwit.checkpoint.set_id IS 'The set.';
COMMENT ON COLUMN godwit.checkpoint.writer IS 'The writer.';
COMMENT ON COLUMN godwit.checkpoint.sequence IS 'Last batch of it that is in the tables.';
COMMENT ON COLUMN godwit.checkpoint.closed IS 'The writer has ended: nothing follows.';
