/** What every role says in its /metrics, those figures that a soak asks about. A role that is away says `up` 0. */
import { bucketsOf, type ExposedSample, parseExposition, percentileOfBuckets } from "./parse-exposition.ts";
import type { SampleSource, SampleValues } from "./sample-source.ts";

/** About ten roles of twenty figures each. */
const BYTES_MAX = 14_336;
const EVERY = 1;
const ANSWER_MS_MAX = 2_000;
const LOOP_DELAY = "godwit_event_loop_delay_seconds";
/** The last bucket has no upper bound; what lies in it is shown as this. */
const LOOP_DELAY_MS_MAX = 20_000;

/** The figure of each metric that is kept; labels' values follow it, and `_total` of sums is not said. */
const KEPT: Readonly<Record<string, string>> = {
  godwit_heap_bytes: "heapBytes",
  godwit_heap_live_bytes: "liveHeapBytes",
  godwit_lease_losses_total: "leaseLosses",
  godwit_window_segments: "window",
  godwit_window_free_segments: "windowFree",
  godwit_submit_segments_total: "segments",
  godwit_inbound_total: "inbound",
  godwit_settle_seconds_sum: "settleSeconds",
  godwit_settle_seconds_count: "settles",
  godwit_worker_items_total: "items",
  godwit_worker_build_seconds_sum: "buildSeconds",
  godwit_worker_build_seconds_count: "builds",
  godwit_accept_messages_total: "messages",
  godwit_accept_requests_total: "requests",
  godwit_commit_seconds_sum: "commitSeconds",
  godwit_commit_seconds_count: "commits",
  godwit_commit_waiting_messages: "waiting",
  godwit_set_breaker_open: "breaker",
  godwit_project_lag_seconds: "lagSeconds",
  godwit_project_lag_batches: "lagBatches",
  godwit_project_events_total: "events",
  godwit_project_failures_total: "failures",
  godwit_project_write_seconds_total: "writeSeconds",
};

/**
 * `roles` is asked at each sample: where each answers over HTTP, by its name. Figures by role: `ROLE.up`, those of KEPT
 * with the values of their labels, `ROLE.loopP99Ms` and `ROLE.loopMaxMs` since the last sample, rounded up to the
 * bounds of their histogram. Sums begin anew with a role that is started again. The live heap is there where the role
 * was started with GODWIT_LIVE_HEAP_EVERY_SECONDS.
 */
export function createRolesSource(options: { readonly roles: () => ReadonlyMap<string, string> }): SampleSource {
  const lastDelays = new Map<string, ReturnType<typeof bucketsOf>>();
  return {
    name: "roles",
    bytesMax: BYTES_MAX,
    every: EVERY,
    async sample() {
      const parts = await Promise.all(
        [...options.roles()].map(async ([role, url]) => {
          const text = await readMetrics(url);
          if (text === undefined) return { [`${role}.up`]: 0 };
          const samples = parseExposition(text);
          const delays = bucketsOf(samples, LOOP_DELAY);
          const loop = describeDelays(role, lastDelays.get(role) ?? [], delays);
          lastDelays.set(role, delays);
          return { [`${role}.up`]: 1, ...keepSamples(role, samples), ...loop };
        }),
      );
      return Object.assign({}, ...parts) as SampleValues;
    },
  };
}

/** The figures of one role that are kept. Pure. */
export function keepSamples(role: string, samples: readonly ExposedSample[]): SampleValues {
  const kept = samples.flatMap(({ name, labels, value }) => {
    const figure = KEPT[name];
    return figure === undefined ? [] : [[[role, figure, ...Object.values(labels)].join("."), value] as const];
  });
  return Object.fromEntries(kept);
}

function describeDelays(
  role: string,
  before: ReturnType<typeof bucketsOf>,
  after: ReturnType<typeof bucketsOf>,
): SampleValues {
  if (after.length === 0) return {};
  const ms = (percent: number): number =>
    Math.min(LOOP_DELAY_MS_MAX, percentileOfBuckets(before, after, percent) * 1_000);
  return { [`${role}.loopP99Ms`]: ms(99), [`${role}.loopMaxMs`]: ms(100) };
}

async function readMetrics(url: string): Promise<string | undefined> {
  try {
    const response = await fetch(`${url}/metrics`, { signal: AbortSignal.timeout(ANSWER_MS_MAX), keepalive: false });
    const text = await response.text();
    return response.ok ? text : undefined;
  } catch {
    return undefined;
  }
}
