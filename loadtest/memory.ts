/**
 * The memory bench: every role as a process of its own, two million messages put into one set, and all of it worked on
 * at full speed while an edge goes on accepting. No process may grow with what waits. The backlog is not worked off to
 * its end: the provider takes what its window allows, and how much waits is told.
 */
import { setTimeout as pause } from "node:timers/promises";
import type { LaneDepth, Store } from "#core/store/store.ts";
import { accountIdSchema } from "#domain/ids.ts";
import type { Lane } from "#domain/lane.ts";
import type { Platform } from "#testkit/platform.ts";
import { openBenchPlatform } from "./bench-platform.ts";
import type { Bench, BenchOptions, BenchOutcome, Figures } from "./bench-seam.ts";
import { rssByPart, startMeter } from "./gateway/resource-meter.ts";
import type { LoadPlan } from "./generator/run-load.ts";
import { startLoad } from "./generator/start-load.ts";
import { fillBacklog } from "./memory/fill-backlog.ts";
import { memoryOf, type RssSample, whyNotFlat } from "./memory/rss-series.ts";

const BACKLOG = 2_000_000;
/** Heaps at their size under load, code compiled, pools open. */
const WARM_UP = { seconds: 40, perSecond: 400 } as const;
const PROBE_PER_SECOND = 50;
const SAMPLE_EVERY_MS = 2_000;
/** The last part of the warm-up, and of the work, is what counts as warm and as the end. */
const SPAN_MS = 20_000;
/** Heaps settle into the new rate; what comes then is looked at for its slope. */
const SETTLE_MS = 60_000;
/** The generator's messages have lower numbers. */
const BACKLOG_FIRST_INDEX = 50_000_000;
const ANSWER_GRACE_MS = 15_000;
const PROBE_SECONDS_MAX = 1_800;
const OURS = ["edge", "worker", "connectors", "projector", "reports"] as const;
const SET = "syd1";

export const memoryBench: Bench = {
  description: "Memory of every role through a backlog of 2,000,000 messages",
  defaults: { seconds: 300 },
  meanings: {
    waiting_at_peak: "items by lane when the last message of the backlog was in",
    waiting_at_end: "the same after the time given",
    routed_per_s: "messages that left the inbox a second, from the first of the backlog to the end",
    rss_mb_warm: "median of 20 s under load, before the backlog",
    rss_mb_backlog: "median of 20 s when all of the backlog was in",
    rss_mb_end: "median of the last 20 s",
    rss_mb_per_min: "slope of a line through the time after the first minute with the whole backlog",
  },
  run: runMemory,
};

async function runMemory(options: BenchOptions): Promise<BenchOutcome> {
  await using stack = new AsyncDisposableStack();
  const platform = await openBenchPlatform(options, stack);
  const stores = (await platform.openStores()).map((store) => stack.use(store));
  const store = stores.find(({ set }) => `${set}` === SET);
  if (store === undefined) throw new Error(`The platform has no set ${SET}`);
  const samples: RssSample[] = [];
  using _ = sampleEvery(platform, samples);
  using meter = startMeter(platform);
  const plan = planFor(platform, options);

  options.say(`warm-up: ${WARM_UP.seconds} s at ${WARM_UP.perSecond}/s`);
  await startLoad({ ...plan, ...WARM_UP }).report;
  const warmTo = Date.now();
  const firstIndex = WARM_UP.seconds * WARM_UP.perSecond * 2;
  const probe = startLoad({ ...plan, firstIndex, seconds: PROBE_SECONDS_MAX, perSecond: PROBE_PER_SECOND });
  stack.defer(() => probe.kill());
  const probed = probe.report.catch(() => undefined); // it is killed
  const account = accountIdSchema.parse(platform.account);
  await fillBacklog(store, { account, firstIndex: BACKLOG_FIRST_INDEX, messages: BACKLOG, signal: options.signal });
  const [filledAt, peak] = [Date.now(), itemsByLane(await store.depth())];
  options.say(
    `${BACKLOG} messages put in within ${Math.round((filledAt - warmTo) / 1_000)} s: ${JSON.stringify(peak)}`,
  );
  await pause(options.seconds * 1_000, undefined, { signal: options.signal });
  const [endAt, end] = [Date.now(), itemsByLane(await store.depth())];
  probe.kill();
  await probed;
  const { othersCpuSeconds } = meter.stop(probe.pid);

  const spans = {
    warm: { from: warmTo - SPAN_MS, to: warmTo },
    backlog: { from: filledAt, to: filledAt + SPAN_MS },
    work: { from: filledAt + SETTLE_MS, to: endAt },
    end: { from: endAt - SPAN_MS, to: endAt },
  };
  const parts = Object.keys(samples.at(-1)?.megabytes ?? {});
  const memory = new Map(parts.map((part) => [part, memoryOf(samples, part, spans)]));
  const byPart = (pick: (of: ReturnType<typeof memoryOf>) => number): Readonly<Record<string, number>> =>
    Object.fromEntries([...memory].map(([part, of]) => [part, Math.round(pick(of) * 10) / 10]));
  const inbox = Object.entries(end).reduce((sum, [lane, items]) => sum + (lane.startsWith("inbox.") ? items : 0), 0);
  const figures: Figures = {
    edge: options.edge,
    backlog_messages: BACKLOG,
    waiting_at_peak: peak,
    waiting_at_end: end,
    routed_per_s: Math.round(((BACKLOG - inbox) * 1_000) / (endAt - warmTo)),
    rss_mb_warm: byPart(({ warm }) => warm),
    rss_mb_backlog: byPart(({ backlog }) => backlog),
    rss_mb_end: byPart((of) => of.end),
    rss_mb_per_min: byPart(({ slopePerMin }) => slopePerMin),
  };
  const failures = OURS.flatMap((part) => {
    const of = memory.get(part);
    return of === undefined ? [`${part} was not seen`] : (whyNotFlat(part, of) ?? []);
  });
  return { figures, failures, otherLoad: othersCpuSeconds };
}

function sampleEvery(platform: Platform, samples: RssSample[]): Disposable {
  const timer = setInterval(() => {
    samples.push({ atMs: Date.now(), megabytes: rssByPart(platform) });
  }, SAMPLE_EVERY_MS);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

function itemsByLane(depth: Awaited<ReturnType<Store["depth"]>>): Readonly<Record<string, number>> {
  return Object.fromEntries([...depth].map(([lane, { items }]: [Lane, LaneDepth]) => [lane, items]));
}

function planFor(platform: Platform, { connections }: BenchOptions): LoadPlan {
  const { hostname, port } = new URL(platform.edgeUrl);
  const { apiKey } = platform;
  const bounds = { messagesMax: BACKLOG, graceMs: ANSWER_GRACE_MS };
  return { hostname, port: Number(port), apiKey, connections, firstIndex: 0, seconds: 1, ...bounds };
}
