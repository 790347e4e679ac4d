/** The figures of the memory bench, and its verdict on the roles of ours. Pure. */
import type { Figures } from "../bench-seam.ts";
import type { ProbeAnswers } from "./probe.ts";
import { inboxOf, type Progress, ratesBetween, whatStoodStill } from "./progress.ts";
import { type Memory, memoryOf, type RssSample, whyNotFlat } from "./rss-series.ts";

/** MongoDB and PostgreSQL have caches of a set size, and the simulator stands for the provider: told, not judged. */
const OURS = ["edge", "worker", "connectors", "projector", "reports"] as const;
/** The last part of the warm-up, and the first of the work, are what is typical of them. */
const SPAN_MS = 20_000;
/** Heaps settle into the new rate; what comes then is looked at for its slope. Half of a short time. */
const SETTLE_MS_MAX = 60_000;
/** Of the work: what counts as its end. */
const END_SHARE = 0.25;

export const MEANINGS: Readonly<Record<string, string>> = {
  fill_s: "from the first message of the backlog to the last",
  waiting_warm: "items by set and lane at the end of the warm-up, which has to leave some",
  warm_processed_per_s: "a second of the warm-up",
  waiting_at_peak: "items by set and lane when the last message of the backlog was in",
  waiting_at_end: "the same after the time given",
  processed_per_s: "a second of that time: routed is how fast the inboxes fell",
  probe_answers: "what the edge said to 50 messages a second meanwhile, by HTTP status",
  rss_mb_warm: "median of 20 s at full speed on a small part of the backlog",
  rss_mb_backlog: "median of 20 s when all of the backlog was in",
  rss_mb_end: "median of the last quarter of the time given",
  rss_mb_peak: "the largest seen from warm to the end, the fill included",
  rss_slope_mb_per_min: "of a line through the time given after its first minute (half, if short)",
  rss_growth: "end / warm",
};

export interface MemoryRun {
  readonly samples: readonly RssSample[];
  /** When the part of the backlog that warms the roles was in, and when their memory was taken for warm. */
  readonly beforeWarmUp: Progress;
  readonly warm: Progress;
  /** When all of the backlog was in, and when time was up. */
  readonly peak: Progress;
  readonly end: Progress;
  readonly answers: ProbeAnswers;
}

export function describeMemory(run: MemoryRun): { readonly figures: Figures; readonly failures: readonly string[] } {
  const { beforeWarmUp, warm, peak, end, answers } = run;
  const memory = memoryByPart(run);
  const byPart = (pick: (of: Memory) => number): Readonly<Record<string, number>> =>
    Object.fromEntries([...memory].map(([part, of]) => [part, Math.round(pick(of) * 100) / 100]));
  const rates = ratesBetween(peak, end);
  const warmRates = ratesBetween(beforeWarmUp, warm);
  const figures: Figures = {
    waiting_warm: warm.waiting,
    warm_processed_per_s: warmRates,
    waiting_at_peak: peak.waiting,
    waiting_at_end: end.waiting,
    processed_per_s: rates,
    probe_answers: answers,
    rss_mb_warm: byPart(({ warm }) => warm),
    rss_mb_backlog: byPart(({ backlog }) => backlog),
    rss_mb_end: byPart((of) => of.end),
    rss_mb_peak: byPart(({ most }) => most),
    rss_slope_mb_per_min: byPart(({ slopePerMin }) => slopePerMin),
    rss_growth: byPart((of) => of.end / of.warm),
  };
  const notFlat = OURS.flatMap((part) => {
    const of = memory.get(part);
    return of === undefined ? [`${part} was not seen`] : (whyNotFlat(part, of) ?? []);
  });
  const deaf = (answers["202"] ?? 0) > 0 ? [] : ["the edge accepted nothing while the backlog waited"];
  const idle = inboxOf(warm) > 0 ? [] : ["the warm-up was over before its time: nothing waited when warm was taken"];
  return { figures, failures: [...notFlat, ...idle, ...whatStoodStill(rates, peak), ...deaf] };
}

function memoryByPart({ samples, warm, peak, end }: MemoryRun): ReadonlyMap<string, Memory> {
  const [warmTo, filledAt, endAt] = [warm.atMs, peak.atMs, end.atMs];
  const spans = {
    warm: { from: warmTo - SPAN_MS, to: warmTo },
    backlog: { from: filledAt, to: filledAt + SPAN_MS },
    work: { from: filledAt + Math.min(SETTLE_MS_MAX, (endAt - filledAt) / 2), to: endAt },
    end: { from: endAt - (endAt - filledAt) * END_SHARE, to: endAt },
  };
  const parts = new Set(samples.flatMap(({ megabytes }) => Object.keys(megabytes)));
  return new Map([...parts].map((part) => [part, memoryOf(samples, part, spans)]));
}
