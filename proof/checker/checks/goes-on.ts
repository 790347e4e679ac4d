/**
 * Each fault takes one thing away; sends that were begun during it, with two seconds to spare, go on being
 * acknowledged. A fault for which the design promises nothing says so when it starts (stopsAcceptance).
 */
import type { Check } from "./check.ts";

export const goesOn: Check = {
  name: "goes-on",
  invariant: "I9",
  holds: "Sends are acknowledged during every fault",
  query: `
WITH fault AS (
  SELECT s.fault, s.round, s.at AS since, min(e.at) AS until FROM proof.nemesis s
  JOIN proof.nemesis e ON e.fault = s.fault AND e.round = s.round AND e.type = 'end' AND e.at >= s.at
  WHERE s.type = 'start' AND NOT s.stops_acceptance GROUP BY s.fault, s.round, s.at)
SELECT key, NULL AS message, format('none of %s sends was acknowledged', begun) AS words FROM (
  SELECT f.fault || ' ' || f.round AS key, count(o.op) AS begun, count(*) FILTER (WHERE o.outcome = 'ok'
    AND o.ended_at <= f.until) AS done
  FROM fault f JOIN proof.operation o ON o.f = 'send' AND o.invoked_at >= f.since AND o.invoked_at <= f.until - 2000
  GROUP BY f.fault, f.round, f.since) AS counted
WHERE done = 0`,
};
