-- Senders take back what they scheduled.

COMMENT ON COLUMN godwit.message.reject_reason IS 'Why we refused it: opted_out, no_route, no_price, poison, cancelled (its sender took it back: status cancelled); null again once a poison is requeued.';

COMMENT ON COLUMN report.messages.reject_reason IS 'Why we refused it: opted_out, no_route, no_price, poison, cancelled (its sender took it back: status cancelled); null again once a poison is requeued.';
