/** What the edge counts, as Prometheus text. Labels are of our own making only: no account, number or key ever. */
import type { SetHealth } from "#core/store/choose-set.ts";
import type { MessageClass } from "#domain/lane.ts";
import type { CommitObserver } from "./pipeline.ts";
import type { ProblemCode } from "./problem.ts";

/** From 0.5 ms, a commit in memory, to 10 s, an election. */
const COMMIT_SECONDS = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10] as const;
/** Up to the largest request. */
const STEP_MESSAGES = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1_000] as const;

export type AcceptOutcome = "accepted" | ProblemCode;

export interface EdgeMetrics extends CommitObserver {
  /** One send request was answered. `messageClass` is absent when the request never got that far. */
  requestEnded(request: {
    readonly messageClass: MessageClass | undefined;
    readonly outcome: AcceptOutcome;
    readonly messages: number;
  }): void;
  /** The text exposition format, version 0.0.4. */
  render(gauges: {
    readonly waiting: { readonly urgent: number; readonly ordinary: number };
    readonly sets: readonly SetHealth[];
  }): string;
}

export function createEdgeMetrics(): EdgeMetrics {
  const accepted = new Map<string, { requests: number; messages: number }>();
  const steps = new Map<string, number>();
  const commitSeconds = createHistogram(COMMIT_SECONDS);
  const stepMessages = createHistogram(STEP_MESSAGES);

  return {
    requestEnded({ messageClass, outcome, messages }) {
      const labels = `class="${messageClass ?? "none"}",outcome="${outcome}"`;
      const held = accepted.get(labels);
      if (held === undefined) accepted.set(labels, { requests: 1, messages });
      else {
        held.requests += 1;
        held.messages += messages;
      }
    },
    stepEnded({ messages, ms, result }) {
      steps.set(result, (steps.get(result) ?? 0) + 1);
      commitSeconds.observe(ms / 1_000);
      stepMessages.observe(messages);
    },
    render: ({ waiting, sets }) =>
      [
        metric(
          "accept_requests_total",
          "counter",
          "Send requests answered.",
          [...accepted].map(([labels, { requests }]) => `{${labels}} ${requests}`),
        ),
        metric(
          "accept_messages_total",
          "counter",
          "Messages in these requests.",
          [...accepted].map(([labels, { messages }]) => `{${labels}} ${messages}`),
        ),
        metric(
          "commit_steps_total",
          "counter",
          "Steps by how they ended.",
          [...steps].map(([result, count]) => `{result="${result}"} ${count}`),
        ),
        metric("commit_seconds", "histogram", "How long a step took.", commitSeconds.lines()),
        metric("commit_messages", "histogram", "Messages in a step.", stepMessages.lines()),
        metric("commit_waiting_messages", "gauge", "Messages that wait for a set.", [
          `{pipeline="urgent"} ${waiting.urgent}`,
          `{pipeline="ordinary"} ${waiting.ordinary}`,
        ]),
        metric(
          "set_breaker_open",
          "gauge",
          "0 closed, 0.5 half open, 1 open.",
          sets.map(({ set, state }) => `{set="${set}"} ${{ closed: 0, half_open: 0.5, open: 1 }[state]}`),
        ),
      ].join(""),
  };
}

/** A sample is the part of its line after the metric's name. */
function metric(name: string, type: string, help: string, samples: readonly string[]): string {
  const full = `godwit_${name}`;
  const lines = samples.map((sample) => `${full}${sample}\n`).join("");
  return `# HELP ${full} ${help}\n# TYPE ${full} ${type}\n${lines}`;
}

interface Histogram {
  observe(value: number): void;
  lines(): readonly string[];
}

function createHistogram(bounds: readonly number[]): Histogram {
  const counts = new Array<number>(bounds.length).fill(0);
  let sum = 0;
  let total = 0;
  return {
    observe(value) {
      const index = bounds.findIndex((bound) => value <= bound);
      if (index >= 0) counts[index] = (counts[index] ?? 0) + 1;
      sum += value;
      total += 1;
    },
    lines() {
      let below = 0;
      const buckets = bounds.map((bound, i) => {
        below += counts[i] ?? 0;
        return `_bucket{le="${bound}"} ${below}`;
      });
      return [...buckets, `_bucket{le="+Inf"} ${total}`, `_sum ${sum}`, `_count ${total}`];
    },
  };
}
