/** The message behind an acknowledged id is another one than the request describes. */
import type { Check } from "./check.ts";

export const asAsked: Check = {
  name: "as-asked",
  invariant: "I1",
  holds: "An acknowledged message has the text, recipient, sender and class that were asked for",
  query: `
SELECT m.id AS key, m.id AS message,
       format('asked for %s, accepted %s', ROW (r.account, r.class, r.sender, r.recipient, r.text),
              ROW (m.account, m.class, m.sender, m.recipient, m.text)) AS words
FROM proof.request r JOIN proof.message m ON m.id = r.message_id
WHERE m.accepted > 0 AND (m.account <> r.account OR m.recipient <> r.recipient OR m.text <> r.text
  OR m.class <> coalesce(r.class, m.class) OR m.sender <> coalesce('+' || ltrim(r.sender, '+'), m.sender))`,
};
