/** The provider was given something that is no message of ours: another number, or another text on a shared number. */
import type { Check } from "./check.ts";

export const submittedFromNothing: Check = {
  name: "submitted-from-nothing",
  invariant: "I1",
  holds: "Every submit belongs to a message",
  query: `
SELECT d.recipient AS key, NULL AS message, format('submit %s to %s at %s belongs to no message: %L', d.n,
  d.recipient, d.at, d.text) AS words
FROM proof.delivery d WHERE d.message_id IS NULL`,
};
