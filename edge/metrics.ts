/** What the edge counts. Labels are of our own making only: no account, number or key ever. */
import { BATCH_BUCKETS, createMetrics, LATENCY_BUCKETS, type Metrics } from "#core/metrics/metrics.ts";
import type { SetHealth } from "#core/store/choose-set.ts";
import type { MessageClass } from "#domain/lane.ts";
import type { CommitObserver } from "./pipeline.ts";
import type { ProblemCode } from "./problem.ts";

/** `replayed`: answered as an earlier request with the same Idempotency-Key was. */
export type AcceptOutcome = "accepted" | "replayed" | ProblemCode;

export interface EdgeMetrics extends CommitObserver {
  /** One send request was answered. `messageClass` is absent when the request never got that far. */
  requestEnded(request: {
    readonly messageClass: MessageClass | undefined;
    readonly outcome: AcceptOutcome;
    readonly messages: number;
  }): void;
  /** The text exposition format, version 0.0.4. */
  render(gauges: Gauges): string;
}

interface Gauges {
  readonly waiting: { readonly urgent: number; readonly ordinary: number };
  readonly sets: readonly SetHealth[];
}

const BREAKER_VALUES = { closed: 0, half_open: 0.5, open: 1 } as const;

/** Adds its own to `metrics`, those of the process. */
export function createEdgeMetrics(metrics: Metrics = createMetrics()): EdgeMetrics {
  const requests = metrics.counter("godwit_accept_requests_total", "Send requests answered");
  const messages = metrics.counter("godwit_accept_messages_total", "Messages in these requests");
  const steps = metrics.counter("godwit_commit_steps_total", "Steps by how they ended");
  const commitSeconds = metrics.histogram("godwit_commit_seconds", "How long a step took", LATENCY_BUCKETS);
  const stepMessages = metrics.histogram("godwit_commit_messages", "Messages in a step", BATCH_BUCKETS);
  let now: Gauges = { waiting: { urgent: 0, ordinary: 0 }, sets: [] };
  metrics.gauge("godwit_commit_waiting_messages", "Messages that wait for a set", () => [
    { labels: { pipeline: "urgent" }, value: now.waiting.urgent },
    { labels: { pipeline: "ordinary" }, value: now.waiting.ordinary },
  ]);
  metrics.gauge("godwit_set_breaker_open", "0 closed, 0.5 half open, 1 open", () =>
    now.sets.map(({ set, state }) => ({ labels: { set }, value: BREAKER_VALUES[state] })),
  );

  return {
    requestEnded(request) {
      const labels = { class: request.messageClass ?? "none", outcome: request.outcome };
      requests.add(1, labels);
      messages.add(request.messages, labels);
    },
    stepEnded(step) {
      steps.add(1, { result: step.result });
      commitSeconds.observe(step.ms / 1_000);
      stepMessages.observe(step.messages);
    },
    render(gauges) {
      now = gauges;
      return metrics.text();
    },
  };
}
