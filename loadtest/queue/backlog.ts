/**
 * A backlog of two million: claims must be as quick as with ten thousand waiting, and no process may grow with it. Two
 * databases of one set, one with each backlog, are drained in turn by the same number of chunks and filled up again.
 * Items are short here, ~100 bytes: at full length the deep one would take a disk a gigabyte a member.
 */
import { readFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import type { Store } from "#core/store/store.ts";
import { CHUNK_ITEMS_MAX } from "#domain/limits.ts";
import type { Figures } from "../bench-seam.ts";
import { numberOfIndex } from "../generator/load-message.ts";
import { parseProcessStat } from "../process-cpu.ts";
import { type Rate, rateBetween, readCpu } from "./measure-rate.ts";
import { indexOf } from "./messages.ts";
import { LEASE_MS } from "./receive.ts";
import { medianRatio, rateFigure } from "./repeat.ts";
import { type BenchDatabase, mint, type Part, type QueueRig, SET } from "./rig.ts";
import { commit, LANE } from "./send.ts";
import { createTally, type Tally } from "./tally.ts";

const DEEP = 2_000_000;
const SHALLOW = 10_000;
/** Chunks drained of either in one go: what holds the shallow backlog. */
const DRAINED_CHUNKS = Math.floor(SHALLOW / CHUNK_ITEMS_MAX);
/** Drains of each in one repetition. */
const ROUNDS = 6;
const FILLS_IN_FLIGHT = 8;
const CAPACITY = 4_000_000;
/** A checkpoint of the deep backlog would fall into the drains of only one of the two. */
const SETTLE_MS = 2_000;
const MEGABYTE = 1024 * 1024;

export const backlogPart: Part = { name: "backlog", run: measureBacklog };

async function measureBacklog(rig: QueueRig): Promise<Figures> {
  await using deepDatabase = await rig.openDatabase();
  await using shallowDatabase = await rig.openDatabase();
  const before = readMemory(rig);
  const [deep, shallow] = await Promise.all([openBacklog(deepDatabase), openBacklog(shallowDatabase)]);
  const startedAt = performance.now();
  await deep.fill(rig, DEEP);
  await shallow.fill(rig, SHALLOW);
  rig.say(`backlog: ${DEEP} waiting after ${Math.round((performance.now() - startedAt) / 1_000)} s`);
  const filled = readMemory(rig);
  await pause(SETTLE_MS, undefined, { signal: rig.signal });
  await deep.drain(rig);
  await shallow.drain(rig);
  const rates: { readonly deep: Rate[]; readonly shallow: Rate[] } = { deep: [], shallow: [] };
  for (let round = 0; round < rig.repetitions * ROUNDS; round++) {
    await deep.fill(rig, DEEP);
    await shallow.fill(rig, SHALLOW);
    const order = round % 2 === 0 ? (["deep", "shallow"] as const) : (["shallow", "deep"] as const);
    for (const name of order) rates[name].push(await (name === "deep" ? deep : shallow).drain(rig));
  }
  const after = readMemory(rig);
  for (const [name, backlog] of Object.entries({ deep, shallow })) {
    for (const failure of await backlog.failures()) rig.fail(`backlog, ${name}: ${failure}`);
  }
  return {
    backlog_claim_ratio: medianRatio(rates.deep, rates.shallow),
    backlog_claims_2000000: rateFigure(rates.deep),
    backlog_claims_10000: rateFigure(rates.shallow),
    backlog_rss_mb: {
      "client before": before.client,
      "client filled": filled.client,
      "client after": after.client,
      "members before": before.members,
      "members filled": filled.members,
      "members after": after.members,
    },
  };
}

interface Backlog {
  /** Enqueues until so many wait. */
  fill(rig: QueueRig, waiting: number): Promise<void>;
  /** Claims and acknowledges DRAINED_CHUNKS whole chunks, one after another. */
  drain(rig: QueueRig): Promise<Rate>;
  failures(): Promise<readonly string[]>;
}

async function openBacklog(database: BenchDatabase): Promise<Backlog> {
  const store = await database.openStore();
  const tally = createTally(CAPACITY);
  return {
    async fill(rig, waiting) {
      const fillOne = async (): Promise<void> => {
        while (tally.sentCount - tally.receivedCount + CHUNK_ITEMS_MAX <= waiting) {
          rig.signal.throwIfAborted();
          await enqueue(store, tally);
        }
      };
      await Promise.all(Array.from({ length: FILLS_IN_FLIGHT }, fillOne));
    },
    async drain(rig) {
      const [before, receivedBefore] = [readCpu(rig.memberPids), tally.receivedCount];
      for (let i = 0; i < DRAINED_CHUNKS; i++) await drainOne(store, tally);
      return rateBetween(before, readCpu(rig.memberPids), tally.receivedCount - receivedBefore);
    },
    async failures() {
      const waiting = (await store.depth()).get(LANE)?.items ?? 0;
      const wanted = tally.sentCount - tally.receivedCount;
      return [
        ...tally.failuresSoFar(),
        ...(waiting === wanted ? [] : [`${waiting} messages wait of ${wanted} that were not received`]),
      ];
    },
  };
}

/** Numbers are given out before the write, as several are under way. */
async function enqueue(store: Store, tally: Tally): Promise<void> {
  const first = tally.sentCount;
  const items = Array.from({ length: CHUNK_ITEMS_MAX }, (_, i) => {
    tally.sent(first + i);
    return { id: mint.messageId(SET), to: numberOfIndex(first + i), text: `Your code is ${first + i}` };
  });
  await commit(store, { chunks: [{ id: mint.chunkId(), lane: LANE, items }] });
}

async function drainOne(store: Store, tally: Tally): Promise<void> {
  const claim = { lanes: [LANE], itemsMax: CHUNK_ITEMS_MAX, leaseMs: LEASE_MS, owner: "bench", markAhead: 0 };
  const holds = await store.claim(claim);
  if (holds.length === 0) throw new Error("A claim came back empty, with thousands of messages waiting");
  await commit(store, { acks: holds.map(({ lease }) => lease) });
  for (const item of holds.flatMap((hold) => hold.items)) tally.received(indexOf(item as { readonly to: string }));
}

function readMemory(rig: QueueRig): { readonly client: number; readonly members: number } {
  const members = rig.memberPids.map(
    (pid) => parseProcessStat(readFileSync(`/proc/${pid}/stat`, "utf8"))?.rssBytes ?? 0,
  );
  return {
    client: process.memoryUsage.rss() / MEGABYTE,
    members: members.reduce((sum, bytes) => sum + bytes, 0) / MEGABYTE,
  };
}
