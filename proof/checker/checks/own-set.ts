/** The log of a message is on one set, the one that its id names: otherwise no reader finds all of it. */
import type { Check } from "./check.ts";

export const ownSet: Check = {
  name: "own-set",
  invariant: "I4",
  holds: "All events of a message stand on its own set",
  query: `
SELECT id AS key, id AS message, format('%s of its events stand on another set', strays) AS words
FROM proof.message WHERE strays > 0`,
};
