/**
 * The memory bench: every role as a process of its own, two million messages put into the sets, and all of it worked on
 * at full speed while an edge goes on accepting. No process may grow with what waits. The backlog is not worked off to
 * its end: the provider takes what its window allows, and how much waits is told.
 */
import { setTimeout as pause } from "node:timers/promises";
import { accountIdSchema } from "#domain/ids.ts";
import type { Platform } from "#testkit/platform.ts";
import { openBenchPlatform, planLoad } from "./bench-platform.ts";
import type { Bench, BenchOptions, BenchOutcome } from "./bench-seam.ts";
import { openProjectionWatch } from "./gateway/projection.ts";
import { rssByPart, startMeter } from "./gateway/resource-meter.ts";
import { createSimulatorRecord } from "./gateway/simulator-record.ts";
import type { LoadPlan } from "./generator/run-load.ts";
import { startLoad } from "./generator/start-load.ts";
import { describeMemory, MEANINGS } from "./memory/figures.ts";
import { fillBacklog } from "./memory/fill-backlog.ts";
import { startProbe } from "./memory/probe.ts";
import { type Progress, readProgress, type Watched } from "./memory/progress.ts";
import type { RssSample } from "./memory/rss-series.ts";

const BACKLOG = 2_000_000;
/**
 * Warm is a role that works at full speed on a part of it, both sets at once: heaps grow into the rate they are worked
 * at, and what is asked is whether they grow with what waits. A part that is worked off before the end of the warm-up
 * compares full speed with none (100,000 did: the projector shrank from 400 to 110 MB).
 */
const WARM_UP = { seconds: 60, perSecond: 100 } as const;
const WARM_BACKLOG = 300_000;
const PROBE_PER_SECOND = 50;
const SAMPLE_EVERY_MS = 2_000;
/** The generator's messages have lower numbers. */
const WARM_FIRST_INDEX = 40_000_000;
const BACKLOG_FIRST_INDEX = 50_000_000;

export const memoryBench: Bench = {
  description: "memory of every role through a backlog of 2,000,000 messages",
  defaults: { seconds: 300 },
  meanings: MEANINGS,
  run: runMemory,
};

async function runMemory(options: BenchOptions): Promise<BenchOutcome> {
  await using stack = new AsyncDisposableStack();
  const platform = await openBenchPlatform(options, stack);
  const watched: Watched = {
    stores: (await platform.openStores()).map((store) => stack.use(store)),
    record: createSimulatorRecord(platform.simulatorUrl),
    projection: stack.use(openProjectionWatch(platform)),
  };
  const samples: RssSample[] = [];
  using _ = sampleEvery(platform, samples);
  using meter = startMeter(platform);
  const plan = planLoad(platform, { ...options, seconds: WARM_UP.seconds, messagesMax: BACKLOG });

  options.say(`warm-up: ${WARM_BACKLOG} messages, and ${WARM_UP.seconds} s at ${WARM_UP.perSecond}/s`);
  const account = accountIdSchema.parse(platform.account);
  const some = { account, firstIndex: WARM_FIRST_INDEX, messages: WARM_BACKLOG, signal: options.signal };
  await fillBacklog(watched.stores, some);
  const beforeWarmUp = await readProgress(watched);
  const { summary } = await runWarmUp(plan, options.signal);
  const warm = await readProgress(watched);
  using probe = startProbe({ ...plan, firstIndex: summary.nextIndex, perSecond: PROBE_PER_SECOND });
  const peak = await fill(platform, watched, options);
  await pause(options.seconds * 1_000, undefined, { signal: options.signal });
  const end = await readProgress(watched);
  const answers = await probe.stop();
  const { othersCpuSeconds } = meter.stop();
  const { figures, failures } = describeMemory({ samples, beforeWarmUp, warm, peak, end, answers });
  const told = { edge: options.edge, backlog_messages: BACKLOG, fill_s: (peak.atMs - warm.atMs) / 1_000, ...figures };
  return { figures: told, failures, otherLoad: othersCpuSeconds };
}

async function runWarmUp(plan: LoadPlan, signal: AbortSignal): ReturnType<typeof startLoad>["report"] {
  const load = startLoad({ ...plan, ...WARM_UP });
  const kill = (): void => load.kill();
  signal.addEventListener("abort", kill, { once: true });
  return load.report.finally(() => signal.removeEventListener("abort", kill));
}

async function fill(platform: Platform, watched: Watched, { signal, say }: BenchOptions): Promise<Progress> {
  const startedAt = performance.now();
  const account = accountIdSchema.parse(platform.account);
  await fillBacklog(watched.stores, { account, firstIndex: BACKLOG_FIRST_INDEX, messages: BACKLOG, signal });
  const seconds = Math.round((performance.now() - startedAt) / 1_000);
  const peak = await readProgress(watched);
  say(`${BACKLOG} messages put in within ${seconds} s: ${JSON.stringify(peak.waiting)}`);
  return peak;
}

function sampleEvery(platform: Platform, samples: RssSample[]): Disposable {
  const timer = setInterval(() => {
    samples.push({ atMs: Date.now(), megabytes: rssByPart(platform) });
  }, SAMPLE_EVERY_MS);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}
