/**
 * One phase of the gateway bench: loading → draining (until every accepted message has its submit and its receipt) →
 * reading the log → projected → reconciled. While the load runs, the bench asks only the simulator's counters, once a
 * second, so that watching costs next to nothing; the logs are read once the receipts are in. CPU is counted from
 * before the first request until PostgreSQL has it all, so that no work for these messages is left out.
 */
import { setTimeout as pause } from "node:timers/promises";
import type { Store } from "#core/store/store.ts";
import type { Platform } from "#testkit/platform.ts";
import { until } from "#testkit/until.ts";
import type { AcceptedMessage, LoadPlan, LoadSummary } from "../generator/run-load.ts";
import { startLoad } from "../generator/start-load.ts";
import { createEventFollower, type EventFollower, type Steps, type Tallies } from "./event-tally.ts";
import { openProjectionWatch, type ProjectionWatch } from "./projection.ts";
import { type Reconciliation, reconcile } from "./reconcile.ts";
import { startMeter, type Usage } from "./resource-meter.ts";
import { createSimulatorRecord, FETCH_BEFORE_FORGOTTEN, type SimulatorRecord } from "./simulator-record.ts";

/** What the phases of one bench share. */
export interface Rig {
  readonly platform: Platform;
  readonly follower: EventFollower;
  readonly record: SimulatorRecord;
  readonly projection: ProjectionWatch;
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
}

/** What it opens is closed with `stack`. */
export async function openRig(
  platform: Platform,
  stack: AsyncDisposableStack,
  { signal, say }: Pick<Rig, "signal" | "say">,
): Promise<Rig & { readonly stores: readonly Store[] }> {
  const stores = (await platform.openStores()).map((store) => stack.use(store));
  return {
    platform,
    stores,
    follower: createEventFollower(stores),
    record: createSimulatorRecord(platform.simulatorUrl),
    projection: stack.use(openProjectionWatch(platform)),
    ...{ signal, say },
  };
}

export interface PhaseResult {
  readonly load: LoadSummary;
  readonly accepted: readonly AcceptedMessage[];
  readonly tallies: Tallies;
  readonly steps: Steps;
  readonly reconciliation: Reconciliation;
  readonly usage: Usage;
  /** The first 202 was read. */
  readonly firstAcceptAt: number;
  /** The batch with the last receipt was written. */
  readonly lastReceiptAt: number;
  /** From then until PostgreSQL had everything; undefined when it did not within its bound. */
  readonly projectedAfterSeconds: number | undefined;
}

const WATCH_EVERY_MS = 1_000;
const DRAIN_POLL_MS = 100;
/** A drain without a single receipt for this long has lost something. */
const STALLED_MS = 20_000;
const DRAIN_MS_MAX = 600_000;
const PROJECTED_MS_MAX = 300_000;
const PROJECTED_POLL_MS = 250;

export async function runPhase(rig: Rig, name: string, plan: LoadPlan): Promise<PhaseResult> {
  const { follower, record, say, signal } = rig;
  signal.throwIfAborted();
  const before = await record.counters();
  using meter = startMeter(rig.platform);
  const running = startLoad(plan);
  const stopLoad = (): void => running.kill();
  signal.addEventListener("abort", stopLoad, { once: true });
  const { summary: load, accepted } = await watchLoad(rig, running.report).finally(() =>
    signal.removeEventListener("abort", stopLoad),
  );
  say(`${name}: ${accepted.length} accepted in ${plan.seconds} s, waiting for their receipts`);
  await drain(rig, before.receipts + accepted.length);
  await readLog(rig, accepted);
  const { tallies, steps } = follower;
  const lastReceiptAt = accepted.reduce((last, { id }) => Math.max(last, tallies.get(id)?.receiptAt ?? 0), 0);
  const projectedAt = await waitForProjection(rig);
  const usage = meter.stop(running.pid);
  await record.fetchNew(0);
  const reconciliation = reconcile({ accepted, submits: record.take(), tallies, unanswered: load.unanswered });
  follower.forget();
  say(`${name}: ${reconciliation.failures.length === 0 ? "every message reconciled" : "DOES NOT RECONCILE"}`);
  return {
    load,
    accepted,
    tallies,
    steps,
    reconciliation,
    usage,
    firstAcceptAt: accepted.reduce((first, { answeredAt }) => Math.min(first, answeredAt), Number.POSITIVE_INFINITY),
    lastReceiptAt,
    projectedAfterSeconds: projectedAt === undefined ? undefined : Math.max(0, (projectedAt - lastReceiptAt) / 1_000),
  };
}

/** What the platform uses when nobody sends anything. */
export async function measureIdle({ platform, signal }: Rig, seconds: number): Promise<Usage> {
  using meter = startMeter(platform);
  await pause(seconds * 1_000, undefined, { signal });
  return meter.stop();
}

/** Fetches submits before the simulator forgets them, until the load is over. */
async function watchLoad<T>({ record }: Rig, report: Promise<T>): Promise<T> {
  let over = false;
  const end = report.finally(() => {
    over = true;
  });
  end.catch(() => undefined);
  while (!over) {
    await Promise.race([pause(WATCH_EVERY_MS), end]);
    await record.fetchNew(FETCH_BEFORE_FORGOTTEN);
  }
  return end;
}

/** Returns once the connector has acknowledged this many receipts, or when none has come for STALLED_MS. */
async function drain({ record, signal, say }: Rig, receipts: number): Promise<void> {
  const deadline = performance.now() + DRAIN_MS_MAX;
  let progressAt = performance.now();
  let last = -1;
  while (performance.now() < deadline) {
    signal.throwIfAborted();
    await record.fetchNew(FETCH_BEFORE_FORGOTTEN);
    const counters = await record.counters();
    if (counters.receipts >= receipts) return;
    if (counters.receipts !== last) progressAt = performance.now();
    last = counters.receipts;
    if (performance.now() - progressAt > STALLED_MS) break;
    await pause(DRAIN_POLL_MS);
  }
  say(`The drain stalled: ${receipts - last} receipts have not come`);
}

/** Reads on until each accepted message has both its events, or nothing new has come for STALLED_MS. */
async function readLog({ follower, signal, say }: Rig, accepted: readonly AcceptedMessage[]): Promise<void> {
  let open: readonly AcceptedMessage[] = accepted;
  let progressAt = performance.now();
  for (;;) {
    signal.throwIfAborted();
    await follower.catchUp();
    const left = open.filter(({ id }) => {
      const tally = follower.tallies.get(id);
      return tally === undefined || tally.submits === 0 || tally.receipts === 0;
    });
    if (left.length === 0) return;
    if (left.length < open.length) progressAt = performance.now();
    open = left;
    if (performance.now() - progressAt > STALLED_MS) break;
    await pause(DRAIN_POLL_MS);
  }
  say(`The log stalled: ${open.length} messages miss an event, such as ${open[0]?.id}`);
}

async function waitForProjection({ follower, projection, say }: Rig): Promise<number | undefined> {
  try {
    return await until(
      "the projector",
      PROJECTED_MS_MAX,
      async () => ((await projection.hasReached(follower.positions)) ? Date.now() : undefined),
      PROJECTED_POLL_MS,
    );
  } catch (error) {
    say(String(error));
    return undefined;
  }
}
