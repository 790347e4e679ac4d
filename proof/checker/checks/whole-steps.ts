/** What one step commits together is found together. A forward that was lost shows as a message without an end. */
import type { Check } from "./check.ts";

export const wholeSteps: Check = {
  name: "whole-steps",
  invariant: "I2",
  holds: "Events that one step commits are all there or none is",
  query: `
SELECT id AS key, id AS message,
       format('%s routed without price, %s billed without route, %s results of attempts that were never routed',
              unpaid_routes, unrouted_bills, unrouted_results) AS words
FROM proof.message WHERE unpaid_routes > 0 OR unrouted_bills > 0 OR unrouted_results > 0`,
};
