/** The load for a machine that has none yet: stairs up to the knee on a platform of its own, and a share of that. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Store } from "#core/store/store.ts";
import type { Clock } from "#domain/clock.ts";
import type { Machine } from "../machine.ts";
import { findKnee } from "./k6/find-knee.ts";
import { startK6 } from "./k6/start-k6.ts";
import { checkedPlan } from "./load-plan.ts";
import { LOAD_SHARE, type PinnedLoad } from "./pinned-loads.ts";
import { planRampPhases } from "./plan-phases.ts";
import { findLoadStart } from "./run/find-load-start.ts";
import { PROBE_LIMITS } from "./run/observe.ts";
import { openSoakStack } from "./stack/open-soak-stack.ts";

/** By how much two steps differ is how exactly the knee is known. It ends at the first that is too much. */
const RAMP = { fromPerSecond: 50, toPerSecond: 1_600, steps: 32, stepSeconds: 10 } as const;
/**
 * A platform that takes in more than it works off is past its knee, however quick its answers are: what waits on a lane
 * grows old. With 5 s a step of 800/s still held on two cores; with 1 s it was a stall at 250/s, where other ramps
 * held 550: steps adapt, so that all of two cores is taken from 120/s on, and what grows from there are the batches.
 */
const OLDEST_MS_MAX = 2_000;
/** So that one stall is not the knee. */
const OLD_LOOKS = 3;
const LOOK_EVERY_MS = 500;
/** Of receipts and dead items nobody waits for the next message. */
const NOT_WAITED_FOR: readonly string[] = ["receipts", "dead"];
const RATE_MIN = 5;
const LIVE_HEAP_SECONDS = 60;

export interface FindLoadOptions {
  readonly dataDir: string;
  readonly withBalancer: boolean;
  readonly machine: Machine;
  readonly clock: Clock;
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

/** Throws a RangeError where not even the first step held, and what opening a platform throws. */
export async function findLoad(options: FindLoadOptions): Promise<PinnedLoad> {
  const { dataDir, withBalancer, machine, clock, say, signal } = options;
  say(`no load is known for this machine: looking for its knee, up to ${RAMP.toPerSecond} messages/s`);
  await using stack = await openSoakStack({
    dataDir,
    withBalancer,
    liveHeapEverySeconds: LIVE_HEAP_SECONDS,
    say,
    signal,
  });
  const plan = checkedPlan({
    seed: 1,
    baseUrl: stack.url,
    accounts: stack.accounts,
    phases: planRampPhases(RAMP),
    limits: PROBE_LIMITS,
  });
  const dir = join(dataDir, "ramp");
  mkdirSync(dir, { recursive: true });
  const k6 = await startK6({ script: "ramp", plan, dir, onProgress: say });
  const stopping = new AbortController();
  signal.addEventListener("abort", () => k6.stop(), { once: true });
  const end = k6.end.finally(() => stopping.abort());
  say(`k6 ${k6.version} loads, from ${RAMP.fromPerSecond}/s up until it is too much`);
  const startedAt = await findLoadStart(plan, k6.rawFile, { clock, signal: stopping.signal });
  const fellBehindAt = await watchOldest(stack.stores, clock, stopping.signal);
  if (fellBehindAt !== undefined) k6.stop();
  const { summary, words } = await end;
  signal.throwIfAborted();
  if (summary === undefined || startedAt === undefined)
    throw new Error(`Cannot find the knee of this machine: ${words}`);
  const behindMs = (fellBehindAt ?? Number.POSITIVE_INFINITY) - startedAt;
  // The step that was too much began before its backlog had grown old.
  const held = plan.phases.filter(({ startMs, durationMs }) => startMs + durationMs <= behindMs - OLDEST_MS_MAX);
  const knee = findKnee(held, summary);
  if (knee.messagesPerSecond === undefined) {
    throw new RangeError(`Cannot find the knee of this machine: not even ${RAMP.fromPerSecond} messages/s were held`);
  }
  const isHigher = knee.isHigher && held.length === plan.phases.length;
  say(`knee: ${isHigher ? "more than " : ""}${knee.messagesPerSecond} messages/s`);
  return {
    messagesPerSecond: Math.max(RATE_MIN, Math.round(knee.messagesPerSecond * LOAD_SHARE)),
    kneePerSecond: knee.messagesPerSecond,
    isHigher,
    foundAt: new Date(clock.now()).toISOString(),
    commit: machine.commit,
  };
}

/** When something had waited for too long on a lane, milliseconds since the epoch; undefined: never until `signal`. */
async function watchOldest(stores: readonly Store[], clock: Clock, signal: AbortSignal): Promise<number | undefined> {
  let since: number | undefined;
  for (let old = 0; !signal.aborted; ) {
    const lanes = (await Promise.all(stores.map((store) => store.depth()))).flatMap((depth) => [...depth]);
    const isOld = lanes.some(([lane, { oldestMs }]) => oldestMs > OLDEST_MS_MAX && !NOT_WAITED_FOR.includes(lane));
    old = isOld ? old + 1 : 0;
    if (old === 1) since = clock.now();
    if (old >= OLD_LOOKS) return since;
    await clock.sleep(LOOK_EVERY_MS, signal);
  }
  return undefined;
}
