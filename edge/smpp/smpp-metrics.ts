/** What the SMPP front counts. Labels are of our own making only: no account, number or systemId ever. */
import type { Metrics } from "#core/metrics/metrics.ts";

export interface SmppMetrics {
  /** A request of a bound customer. */
  answered(command: string, status: number): void;
  /** `bound`, or why not. */
  bindEnded(outcome: string): void;
  /** Closed before anything was read: too many that have not bound. */
  turnedAway(): void;
  /** What became of a receipt or reply that was taken up. */
  delivered(kind: "receipt" | "reply", outcome: string): void;
}

export function createSmppMetrics(
  metrics: Metrics,
  now: { readonly unbound: () => number; readonly bound: () => number; readonly held: () => number },
): SmppMetrics {
  const requests = metrics.counter("godwit_smpp_requests_total", "Requests of bound customers, by the status answered");
  const binds = metrics.counter("godwit_smpp_binds_total", "Binds by how they ended");
  const away = metrics.counter(
    "godwit_smpp_turned_away_total",
    "Connections closed at once, as too many had not bound",
  );
  const deliveries = metrics.counter("godwit_deliver_items_total", "Receipts and replies for customers, by outcome");
  metrics.gauge("godwit_smpp_sessions", "Connections by whether they have bound", () => [
    { labels: { state: "unbound" }, value: now.unbound() },
    { labels: { state: "bound" }, value: now.bound() },
  ]);
  metrics.gauge("godwit_deliver_held_items", "Receipts and replies in hand", () => [{ labels: {}, value: now.held() }]);
  return {
    answered: (command, status) => requests.add(1, { command, status: `0x${status.toString(16).padStart(2, "0")}` }),
    bindEnded: (outcome) => binds.add(1, { outcome }),
    turnedAway: () => away.add(1),
    delivered: (kind, outcome) => deliveries.add(1, { kind, outcome }),
  };
}
