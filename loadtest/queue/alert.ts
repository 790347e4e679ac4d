/**
 * Alerts through a backlog: a million bulk messages wait, one worker runs them through the whole step at full speed,
 * and twenty alerts a second come in at the side, from a store of its own. From the moment an alert's commit has
 * resolved to the moment the worker's claim has returned it. Worker and sender share this process, so each waits for
 * the other's turns of the event loop as well.
 */
import { setTimeout as pause } from "node:timers/promises";
import type { Store } from "#core/store/store.ts";
import { type Lane, lanes } from "#domain/lane.ts";
import { CHUNK_ITEMS_MAX } from "#domain/limits.ts";
import type { Figures } from "../bench-seam.ts";
import { spreadOf } from "../percentile.ts";
import { acceptStep } from "./accept-step.ts";
import { type Loops, startLoops } from "./loops.ts";
import { measureRate } from "./measure-rate.ts";
import { createMessages, indexOf } from "./messages.ts";
import { PROVIDER, processOnce, SUBMIT_LANE } from "./process-step.ts";
import { fillLane } from "./receive.ts";
import type { Part, QueueRig } from "./rig.ts";
import { commit } from "./send.ts";
import { createTally } from "./tally.ts";
import { openCredit } from "./workers.ts";

const WAITING = 1_000_000;
/** As core/worker/worker.ts claims. */
const LANES: readonly Lane[] = [lanes.inbox("alert"), lanes.inbox("transactional"), lanes.inbox("bulk")];
const ALERTS_PER_SECOND = 20;
/** Fifteen seconds; the 99th percentile is then the third largest. */
const ALERTS = 300;
/** The worker goes on until it has the last alert, or for this long. */
const SECONDS_MAX = 60;
const WARM_UP_MS = 1_000;

export const alertPart: Part = { name: "alert", run: measureAlerts };

async function measureAlerts(rig: QueueRig): Promise<Figures> {
  await using database = await rig.openDatabase();
  const [filler, workerStore, senderStore] = await Promise.all([
    database.openStore(),
    database.openStore(),
    database.openStore(),
  ]);
  const messages = createMessages();
  await fillLane(rig, filler, messages, { count: WAITING, chunkItems: CHUNK_ITEMS_MAX });
  rig.say(`alert: ${WAITING} bulk messages waiting`);
  const worker = await createWorker(rig, workerStore);
  const sender = sendAlerts(rig, senderStore);
  const isDone = (): boolean => sender.loops.ended && worker.claimedAt.size >= sender.committedAt.size;
  const rate = await measureRate(rig, {
    loops: 1,
    warmUpMs: WARM_UP_MS,
    seconds: SECONDS_MAX,
    body: async () => (isDone() ? undefined : worker.processOnce()),
  }).finally(() => sender.loops.stop());
  await worker.verify(filler);
  const waits = [...sender.committedAt].map(([id, at]) => (worker.claimedAt.get(id) ?? Number.NaN) - at);
  if (waits.length !== ALERTS || waits.some(Number.isNaN)) rig.fail("alert: not every alert was sent and claimed");
  const spread = spreadOf(waits);
  return {
    alert_claim_p50_ms: spread?.p50 ?? "none",
    alert_claim_p99_ms: spread?.p99 ?? "none",
    alert_claim_max_ms: spread?.max ?? "none",
    alert_bulk_per_s: rate.perSecond,
  };
}

interface AlertSender {
  readonly loops: Loops;
  /** By message id. */
  readonly committedAt: ReadonlyMap<string, number>;
}

/** One alert each 50 ms by the clock, however long the last one took, as long as that is less. */
function sendAlerts(rig: QueueRig, store: Store): AlertSender {
  const alerts = createMessages({ messageClass: "alert" });
  const committedAt = new Map<string, number>();
  const startedAt = performance.now();
  async function sendOne(): Promise<boolean> {
    const dueAt = startedAt + (alerts.count * 1_000) / ALERTS_PER_SECOND;
    await pause(Math.max(0, dueAt - performance.now()), undefined, { signal: rig.signal });
    const item = alerts.next();
    await commit(store, acceptStep([item]));
    committedAt.set(item.id, performance.now());
    return alerts.count < ALERTS;
  }
  return { committedAt, loops: startLoops(1, sendOne, rig.signal) };
}

interface AlertWorker {
  /** When the claim with it had returned, by message id. */
  readonly claimedAt: ReadonlyMap<string, number>;
  processOnce(): Promise<number>;
  /** Nothing was lost or done twice, and the account paid for all of it. */
  verify(store: Store): Promise<void>;
}

async function createWorker(rig: QueueRig, store: Store): Promise<AlertWorker> {
  const account = await openCredit(store, 1);
  const claimedAt = new Map<string, number>();
  const bulk = createTally();
  for (let index = 0; index < WAITING; index++) bulk.sent(index);
  return {
    claimedAt,
    async processOnce() {
      const done = await processOnce(store, { lanes: LANES, itemsMax: CHUNK_ITEMS_MAX, slot: 0 });
      if (done === undefined) return 0;
      account.charged(0, done);
      for (const item of done.items) {
        if (item.class === "bulk") bulk.received(indexOf(item));
        else if (claimedAt.has(item.id)) rig.fail(`alert: ${item.id} was claimed twice`);
        else claimedAt.set(item.id, done.claimedAt);
      }
      return done.items.length;
    },
    async verify(other) {
      const depth = await other.depth();
      const waiting = (lane: Lane): number => depth.get(lane)?.items ?? 0;
      const inbox = LANES.reduce((sum, lane) => sum + waiting(lane), 0);
      if (inbox !== WAITING - bulk.receivedCount) rig.fail(`alert: ${inbox} messages left waiting`);
      const forwarded = waiting(SUBMIT_LANE) + waiting(lanes.submit(PROVIDER, "alert"));
      const processed = bulk.receivedCount + claimedAt.size;
      if (forwarded !== processed) rig.fail(`alert: ${forwarded} messages forwarded of ${processed}`);
      for (const failure of bulk.failuresSoFar()) rig.fail(`alert, bulk: ${failure}`);
      await account.verify(rig);
    },
  };
}
