-- Dead items can be put back or thrown away: two more events, and a rejection for poison that may be taken back. The rows
-- of messages need no change: no older event has a burial, so all that stood still stands.

COMMENT ON COLUMN godwit.message.reject_reason IS 'Why we refused it: opted_out, no_route, no_price, poison; null again once a poison is requeued.';
COMMENT ON COLUMN godwit.message.final_at IS 'When the last segment reached its outcome, or the message was rejected; null while it is open, and again once a poison is requeued.';
COMMENT ON COLUMN report.messages.reject_reason IS 'Why we refused it: opted_out, no_route, no_price, poison; null again once a poison is requeued.';
COMMENT ON COLUMN report.messages.final_at IS 'When the last segment reached its outcome, or it was rejected; null while open, and again once a poison is requeued. A later, stronger receipt may move it.';
COMMENT ON COLUMN report.events.type IS 'accepted, routed, billed, rejected, requeued, discarded, submitted, refused, in_doubt, delivered, undelivered, expired, unknown, lapsed or replied.';
