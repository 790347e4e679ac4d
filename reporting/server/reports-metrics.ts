/** What the report server counts. */
import type { Metrics } from "#core/metrics/metrics.ts";

export interface ReportsMetrics {
  answered(status: number): void;
  text(): string;
}

export function createReportsMetrics(metrics: Metrics): ReportsMetrics {
  const requests = metrics.counter("godwit_reports_requests_total", "Answered requests by HTTP status");
  return {
    answered: (status) => requests.add(1, { status: `${status}` }),
    text: metrics.text,
  };
}
