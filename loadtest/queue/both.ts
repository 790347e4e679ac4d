/**
 * Sending and receiving at the same time, with a bounded backlog: the rate at which as much goes out as comes in. Ours
 * has 512 single-message producers over the group commit; the classical queue the producers and consumers that carry
 * most on such a machine.
 */
import { setTimeout as pause } from "node:timers/promises";
import type { Figures } from "../bench-seam.ts";
import { startProducers } from "./bounded-producers.ts";
import { openClassicQueue } from "./classic-queue.ts";
import { createGroupCommit } from "./group-commit.ts";
import { measureRate, type Rate } from "./measure-rate.ts";
import { createMessages, indexOf, keyOf } from "./messages.ts";
import { consumeClassic, consumeOurs } from "./receive.ts";
import { median, medianPerSecond, medianRatio, rateFigure, repeat } from "./repeat.ts";
import type { Part, QueueRig } from "./rig.ts";
import { commit, type KeyedMessage, toSendStep } from "./send.ts";
import { createTally, type Tally } from "./tally.ts";

interface Traffic {
  readonly producers: number;
  readonly consumers: number;
  /** Sent and not yet received. */
  readonly backlogMax: number;
}

/** One consumer: with its claims of up to 512 it keeps up, and a second one only takes from its batches. */
const OURS: Traffic = { producers: 512, consumers: 1, backlogMax: 4_096 };
/**
 * Measured on two quiet cores, producers/consumers, received by the second: 32/64: 765, 64/100: 650, 64/32: 640,
 * 128/100: 640, 64/64: 600, 32/100: 570; 16/64 and 8 consumers less.
 */
const CLASSIC: Traffic = { producers: 32, consumers: 64, backlogMax: 512 };
/** A consumer that found nothing looks again after this long. */
const IDLE_MS = 2;
/** Sends and receives may differ by so much of either: more, and the backlog grew or shrank. */
const IMBALANCE_MAX = 0.05;

export const bothPart: Part = { name: "both", run: compareBoth };

async function compareBoth(rig: QueueRig): Promise<Figures> {
  const { classic, ours } = await repeat(rig, "both at once, received", {
    classic: () => runClassic(rig, CLASSIC),
    ours: () => runOurs(rig, OURS),
  });
  const sent = (rates: readonly Rate[]): number => median(rates.map(({ alsoPerSecond }) => alsoPerSecond));
  for (const [side, rates] of Object.entries({ classic, ours })) {
    const apart = Math.abs(sent(rates) / medianPerSecond(rates) - 1);
    if (apart > IMBALANCE_MAX) rig.fail(`both, ${side}: sends and receives are ${apart} apart`);
  }
  return {
    both_over_classic: medianRatio(ours, classic),
    both_per_s: medianPerSecond(ours),
    both_ours: { ...rateFigure(ours), sent_per_s: sent(ours) },
    both_classic: { ...rateFigure(classic), sent_per_s: sent(classic) },
  };
}

async function runClassic(rig: QueueRig, traffic: Traffic): Promise<Rate> {
  await using database = await rig.openDatabase();
  const queue = await openClassicQueue(await database.openClient(), database.name);
  const [messages, tally] = [createMessages(), createTally()];
  async function send(): Promise<void> {
    const item = messages.next();
    await queue.send(JSON.stringify(item), keyOf(item));
    tally.sent(indexOf(item));
  }
  return await runTraffic(rig, { side: "classic", traffic, tally, send, receive: () => consumeClassic(queue, tally) });
}

async function runOurs(rig: QueueRig, traffic: Traffic): Promise<Rate> {
  await using database = await rig.openDatabase();
  const store = await database.openStore();
  const [messages, tally] = [createMessages(), createTally()];
  const group = createGroupCommit<KeyedMessage>({
    inFlightMax: 1,
    write: (batch) => commit(store, toSendStep(batch)),
  });
  async function send(): Promise<void> {
    const item = messages.next();
    await group.send({ item, key: keyOf(item) });
    tally.sent(indexOf(item));
  }
  return await runTraffic(rig, { side: "ours", traffic, tally, send, receive: () => consumeOurs(store, tally) });
}

async function runTraffic(
  rig: QueueRig,
  run: {
    readonly side: string;
    readonly traffic: Traffic;
    readonly tally: Tally;
    readonly send: () => Promise<void>;
    readonly receive: () => Promise<number | undefined>;
  },
): Promise<Rate> {
  const { tally, send, receive, traffic } = run;
  const producers = startProducers(rig, { ...traffic, tally, send });
  async function consume(): Promise<number> {
    const received = (await receive()) ?? 0;
    if (received === 0) await pause(IDLE_MS);
    else producers.wake();
    return received;
  }
  const rate = await measureRate(rig, {
    loops: traffic.consumers,
    body: consume,
    alsoCount: () => tally.sentCount,
  }).finally(() => producers.stop());
  const before = tally.receivedCount;
  while (tally.receivedCount < tally.sentCount && tally.receivedCount - before <= traffic.backlogMax) {
    rig.signal.throwIfAborted();
    await consume();
  }
  for (const failure of tally.failures()) rig.fail(`both, ${run.side}: ${failure}`);
  return rate;
}
