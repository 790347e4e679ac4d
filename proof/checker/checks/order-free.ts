/** The fold of sampled messages once more: backwards, in two halves, with every event twice. */
import type { Check } from "./check.ts";

export const orderFree: Check = {
  name: "order-free",
  invariant: "I5",
  holds: "The fold says the same in any order and with events twice",
  query: `
SELECT id AS key, id AS message, 'its events in another order, or twice, make another state' AS words
FROM proof.message WHERE order_matters`,
};
