-- What the checker knows of one run. First what was written down while it ran, then what the fold makes of the events.
-- Nothing is logged ahead: the database is dropped at the end. Times are milliseconds since the epoch.
CREATE SCHEMA proof;

-- client.jsonl: an invoke line and its end, and for sends one row for each recipient.
CREATE UNLOGGED TABLE proof.operation (
  process text, op bigint, f text, account text, key text, invoked_at float8, ended_at float8,
  -- ok, fail (certainly without effect), info (nobody knows; also where no end was written).
  outcome text, status int, code text, ids text, id text, body text, number text, handset text, word text);
CREATE UNLOGGED TABLE proof.request (
  process text, op bigint, account text, key text, class text, sender text, recipient text COLLATE "C", text text,
  invoked_at float8, ended_at float8, outcome text, message_id text COLLATE "C");

-- provider.jsonl. `taken`: the provider may have sent it on; `answered`: and it said so.
CREATE UNLOGGED TABLE proof.submit (
  n bigint, at float8, provider text, sender text, recipient text COLLATE "C", text text, part int, parts int,
  status text, taken boolean, provider_message_id text COLLATE "C");
CREATE UNLOGGED TABLE proof.receipt (
  at float8, provider text, provider_message_id text COLLATE "C", state text, recipient text, acknowledged boolean);
CREATE UNLOGGED TABLE proof.reply (
  at float8, provider text, handset text, number text, text text, acknowledged boolean);

CREATE UNLOGGED TABLE proof.nemesis (
  at float8, fault text, round int, type text, happened boolean, evidence text, stops_acceptance boolean);
CREATE UNLOGGED TABLE proof.batch_hash (at float8, set_id text, writer text, sequence bigint, hash text);
CREATE UNLOGGED TABLE proof.canary (account text, word text);

-- The sets after the run.
CREATE UNLOGGED TABLE proof.writer (set_id text, writer text, closed boolean);
CREATE UNLOGGED TABLE proof.batch (set_id text, writer text, sequence bigint, at bigint, kind text, hash text);
CREATE UNLOGGED TABLE proof.event (
  message_id text COLLATE "C", set_id text, writer text COLLATE "C", sequence bigint, idx int, projected boolean,
  type text COLLATE "C", at bigint, data text);
CREATE UNLOGGED TABLE proof.depth (set_id text, lane text, chunks bigint, items bigint);
-- Batches that the reports have not read.
CREATE UNLOGGED TABLE proof.unread (set_id text, writer text, read_to bigint, last bigint);

-- Money as it stands: every allotment of every set that holds something; and every entry of the log.
CREATE UNLOGGED TABLE proof.money (set_id text, account text, part text, micros numeric);
CREATE UNLOGGED TABLE proof.entry (
  set_id text, entry_id text, type text, account text, other text, micros numeric);

-- The fold: one row for each message that any event names.
CREATE UNLOGGED TABLE proof.message (
  id text COLLATE "C", account text, class text, sender text, recipient text COLLATE "C", text text, segments int,
  accepted_at bigint, routed_at bigint, status text, is_final boolean, reject_reason text,
  -- How many events there are of each type.
  accepted int, routed int, billed int, rejected int,
  billed_account text, billed_segments int, price_micros numeric, total_micros numeric,
  -- Events that stand on another set than their message.
  strays int,
  -- `routed` events whose batch has neither its `billed` nor a `rejected`, and the other way round.
  unpaid_routes int, unrouted_bills int,
  -- `submitted`, `refused` and `in_doubt` events of an attempt that was never routed.
  unrouted_results int,
  -- The fold in another order or with events twice said something else; null: not sampled.
  order_matters boolean);
-- One row for each segment of a message that any event names.
CREATE UNLOGGED TABLE proof.segment (
  message_id text COLLATE "C", segment int, outcome text, submitted int, doubts int, resends int, receipts text);
CREATE UNLOGGED TABLE proof.replied (
  message_id text COLLATE "C", handset text, number text, text text, at bigint);
-- Where PostgreSQL and the fold of what it has read do not agree.
CREATE UNLOGGED TABLE proof.difference (
  table_name text, key text, message_id text COLLATE "C", expected text, found text);
-- What a set would not tell, such as a log with a gap.
CREATE UNLOGGED TABLE proof.read_error (set_id text, words text);
