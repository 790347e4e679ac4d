/**
 * What each kind of step costs, by the size of its batch and how many are under way: the table of ARCHITECTURE.md.
 * `accept` 32 ×2 is steps of 32 messages, two under way. And what a small step costs, one after another.
 */
import type { Store } from "#core/store/store.ts";
import type { Figure, Figures } from "../bench-seam.ts";
import { acceptStep } from "./accept-step.ts";
import { measureRate, type Rate, rateBetween, readCpu } from "./measure-rate.ts";
import { createMessages, indexOf } from "./messages.ts";
import { settleReceipts, settleSubmits } from "./provider-steps.ts";
import { median, rateFigure, repeat } from "./repeat.ts";
import type { Part, QueueRig } from "./rig.ts";
import { commit, readChunksInto } from "./send.ts";
import { createTally } from "./tally.ts";
import { runWorkers } from "./workers.ts";

/** None of it is gated: a row is measured for half as long and half as often as what is. */
const SHARE = 0.5;
/** At least one, and of the default of five two. */
const repetitionsOf = (rig: QueueRig): number => Math.max(1, Math.floor(rig.repetitions * SHARE));
/** More than a machine of this size can do in the time. */
const WAITING_PER_SECOND = 40_000;
const WARM_UP_S = 1;

export const tablePart: Part = { name: "table", run: measureTable };
export const smallStepPart: Part = { name: "small-step", run: measureSmallSteps };

async function measureTable(rig: QueueRig): Promise<Figures> {
  const seconds = rig.seconds * SHARE;
  const repetitions = repetitionsOf(rig);
  const waiting = Math.ceil(WAITING_PER_SECOND * (seconds + WARM_UP_S));
  const process = (chunkItems: number, workers: number) => () =>
    runWorkers(rig, { workers, chunkItems, waiting, seconds });
  const accept = (batch: number, inFlight: number) => () => acceptSteps(rig, { batch, inFlight, seconds });
  const rates = await repeat({ ...rig, repetitions }, "table", {
    accept_32x2: accept(32, 2),
    accept_64x4: accept(64, 4),
    accept_512x4: accept(512, 4),
    process_128x1: process(128, 1),
    process_512x1: process(512, 1),
    process_512x4: process(512, 4),
    submit_settle_128x2: () => settleSubmits(rig, { batch: 128, inFlight: 2, seconds }),
    receipts_128x2: () => settleReceipts(rig, { batch: 128, inFlight: 2, seconds }),
  });
  const rows = Object.entries(rates).map(([name, some]): [string, Figure] => [`table_${name}`, rateFigure(some)]);
  return Object.fromEntries(rows);
}

async function acceptSteps(
  rig: QueueRig,
  load: { readonly batch: number; readonly inFlight: number; readonly seconds: number },
): Promise<Rate> {
  await using database = await rig.openDatabase();
  const store = await database.openStore();
  const [messages, tally] = [createMessages(), createTally()];
  const rate = await measureRate(rig, {
    loops: load.inFlight,
    seconds: load.seconds,
    async body() {
      const items = messages.take(load.batch);
      await commit(store, acceptStep(items));
      for (const item of items) tally.sent(indexOf(item));
      return items.length;
    },
  });
  await readChunksInto(tally, database);
  for (const failure of tally.failures()) rig.fail(`accept step: ${failure}`);
  return rate;
}

const SMALL_SIZES = [5, 60, 400] as const;
/** The clocks of processes tick every 10 ms: this many steps make it one part in a hundred. */
const SMALL_STEPS = 150;

async function measureSmallSteps(rig: QueueRig): Promise<Figures> {
  const sizes = SMALL_SIZES.map((size) => ({ size, cpuMs: [] as number[], tookMs: [] as number[] }));
  for (let repetition = 0; repetition < repetitionsOf(rig); repetition++) {
    await using database = await rig.openDatabase();
    const store = await database.openStore();
    for (const { size, cpuMs, tookMs } of sizes) {
      const rate = await stepOneByOne(rig, store, size);
      cpuMs.push((rate.mongodUs * size) / 1_000);
      tookMs.push((size * 1_000) / rate.perSecond);
    }
  }
  const bySize = (pick: (row: (typeof sizes)[number]) => number[]): Readonly<Record<string, number>> =>
    Object.fromEntries(sizes.map((row) => [`of ${row.size}`, median(pick(row))]));
  return { small_step_cpu_ms: bySize((row) => row.cpuMs), small_step_ms: bySize((row) => row.tookMs) };
}

async function stepOneByOne(rig: QueueRig, store: Store, size: number): Promise<Rate> {
  const messages = createMessages();
  await commit(store, acceptStep(messages.take(size)));
  const before = readCpu(rig.memberPids);
  for (let i = 0; i < SMALL_STEPS; i++) {
    rig.signal.throwIfAborted();
    await commit(store, acceptStep(messages.take(size)));
  }
  return rateBetween(before, readCpu(rig.memberPids), SMALL_STEPS * size);
}
