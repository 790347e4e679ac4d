/** What k6 says of a run at its end: unknown JSON → the few numbers that we use, for each phase. Pure. */
import { z } from "zod";
import { droppedOf, FAILED_COUNTER, PROBE_TREND } from "../../scenarios/k6-options.ts";
import { type LoadPlan, type LoadStream, streamsOf } from "../load-plan.ts";

const metricSchema = z.object({
  values: z.record(z.string(), z.number().nullable()),
  thresholds: z.record(z.string(), z.object({ ok: z.boolean() })).optional(),
});
const summarySchema = z.object({ metrics: z.record(z.string(), metricSchema) });
type Metrics = z.output<typeof summarySchema>["metrics"];

export interface PhaseSummary {
  readonly phase: string;
  /** From when a probe was due to its answer; undefined where there was none. */
  readonly probe:
    | { readonly p50Ms: number; readonly p95Ms: number; readonly p99Ms: number; readonly maxMs: number }
    | undefined;
  /** Iterations that k6 had no free user for, and so never began. */
  readonly droppedIterations: number;
  readonly failedRequests: number;
  /** Whether each threshold of the phase held. */
  readonly isWithinThresholds: boolean;
}

export interface K6Summary {
  readonly phases: readonly PhaseSummary[];
  readonly droppedIterations: number;
  readonly failedRequests: number;
  /** Of all kinds. */
  readonly requests: number;
  /** Such as "dropped_iterations{scenario:steady_1_bulk}: count==0". */
  readonly crossedThresholds: readonly string[];
}

/** Undefined for one that is cut: the disk was full. Throws a ZodError for what k6 never writes. */
export function parseK6Summary(plan: LoadPlan, text: string): K6Summary | undefined {
  const json = jsonOf(text);
  if (json === undefined) return undefined;
  const { metrics } = summarySchema.parse(json);
  const streams = Map.groupBy(streamsOf(plan), ({ phase }) => phase.name);
  return {
    phases: [...streams].map(([phase, all]) => phaseOf(metrics, phase, all)),
    droppedIterations: numberOf(metrics, "dropped_iterations", "count"),
    failedRequests: numberOf(metrics, FAILED_COUNTER, "count"),
    requests: numberOf(metrics, "http_reqs", "count"),
    crossedThresholds: Object.entries(metrics).flatMap(([metric, { thresholds }]) =>
      Object.entries(thresholds ?? {})
        .filter(([, { ok }]) => !ok)
        .map(([threshold]) => `${metric}: ${threshold}`),
    ),
  };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function phaseOf(metrics: Metrics, phase: string, streams: readonly LoadStream[]): PhaseSummary {
  const trend = `${PROBE_TREND}{phase:${phase}}`;
  const failed = `${FAILED_COUNTER}{phase:${phase}}`;
  const dropped = streams.map(({ name }) => droppedOf(name));
  const value = (name: string): number => numberOf(metrics, trend, name);
  return {
    phase,
    probe:
      value("count") === 0
        ? undefined
        : { p50Ms: value("med"), p95Ms: value("p(95)"), p99Ms: value("p(99)"), maxMs: value("max") },
    droppedIterations: dropped.reduce((sum, metric) => sum + numberOf(metrics, metric, "count"), 0),
    failedRequests: numberOf(metrics, failed, "count"),
    isWithinThresholds: [trend, failed, ...dropped].every((metric) =>
      Object.values(metrics[metric]?.thresholds ?? {}).every(({ ok }) => ok),
    ),
  };
}

/** k6 leaves out what it never counted. */
function numberOf(metrics: Metrics, metric: string, value: string): number {
  return metrics[metric]?.values[value] ?? 0;
}
