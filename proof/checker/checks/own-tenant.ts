/** Each account has a word that only its texts hold. The accounts of a run are no descendants of each other. */
import type { Check } from "./check.ts";

export const ownTenant: Check = {
  name: "own-tenant",
  invariant: "I10",
  holds: "No account is shown or sends what is of another",
  query: `
SELECT o.process || ' ' || o.op AS key, o.id AS message, format('%s was shown a text of %s', o.account, c.account)
  AS words
FROM proof.operation o JOIN proof.canary c ON c.account <> o.account AND strpos(o.body, c.word) > 0
UNION ALL
SELECT o.process || ' ' || o.op, o.id, format('%s was shown a message of %s', o.account, m.account)
FROM proof.operation o JOIN proof.message m ON m.id = o.id
WHERE o.f = 'status' AND o.outcome = 'ok' AND o.status = 200 AND m.account <> o.account
UNION ALL
SELECT m.id, m.id, format('%s has a message with the text of %s', m.account, c.account)
FROM proof.message m JOIN proof.canary c ON c.account <> m.account AND strpos(m.text, c.word) > 0`,
};
