/** Leases that were another's by the time of the settle, counted from the log's own events. */
import type { Logger } from "#domain/log.ts";
import type { Metrics } from "./metrics.ts";

/** A logger like `log` that counts `claim.lease_lost` as `godwit_lease_losses_total`. */
export function countLeaseLosses(log: Logger, metrics: Metrics): Logger {
  const losses = metrics.counter("godwit_lease_losses_total", "Claims whose lease was lost before they were settled");
  return {
    info(name, fields) {
      if (name === "claim.lease_lost") losses.add(1);
      log.info(name, fields);
    },
    error: (name, fields) => log.error(name, fields),
  };
}
