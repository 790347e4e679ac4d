-- How the vantage points belong together; made once all is loaded, as every check asks for it.
CREATE INDEX ON proof.message (id);
CREATE INDEX ON proof.message (recipient);
CREATE INDEX ON proof.request (message_id);
CREATE INDEX ON proof.request (recipient);
CREATE INDEX ON proof.segment (message_id);
CREATE INDEX ON proof.submit (recipient);
ANALYZE;

-- A number has one logical message in a run, but for those of the opt-out scenario: there the text tells them apart.
CREATE UNLOGGED TABLE proof.reused AS
SELECT recipient FROM proof.message WHERE recipient IS NOT NULL GROUP BY recipient HAVING count(*) > 1;
CREATE INDEX ON proof.reused (recipient);
ANALYZE proof.reused;

-- Each submit with its message; null: none that we know.
CREATE UNLOGGED TABLE proof.delivery AS
SELECT s.n, s.at, s.provider, s.provider_message_id, s.taken, s.status, s.recipient, s.sender, s.text,
       m.id AS message_id, coalesce(s.part, 1) - 1 AS segment
FROM proof.submit s
LEFT JOIN proof.message m ON m.recipient = s.recipient
  AND (m.text = s.text OR NOT EXISTS (SELECT FROM proof.reused r WHERE r.recipient = s.recipient));
CREATE INDEX ON proof.delivery (message_id);
ANALYZE proof.delivery;

