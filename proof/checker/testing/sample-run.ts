/**
 * A made-up run of any size: the files of its folder, its sets and its reports, all made as they are asked for and
 * never held. What each message did is in sample-life.ts; a test changes lines, batches or depths on their way.
 */
import { createWriteStream, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { AllotmentId } from "#core/store/charge.ts";
import type { EventBatch, LaneDepth } from "#core/store/store.ts";
import type { SetId, WriterId } from "#domain/ids.ts";
import type { Micros } from "#domain/money.ts";
import type { Positions } from "../../../reporting/projector/checkpoint.ts";
import { createStateCache } from "../../../reporting/projector/state-cache.ts";
import { writeBatches } from "../../../reporting/projector/write-batches.ts";
import type { ReportsDatabase } from "../../../reporting/reports-database.ts";
import { hashBatch } from "../batch-hash.ts";
import type { EventSource } from "../event-source.ts";
import { CANARIES, lifeOf, START } from "./sample-life.ts";

const SETS = ["lon1", "syd1"] as const;
/** One for each list of Life.events. */
const WRITERS = ["w1accept", "w2route", "w3submit", "w4receive"] as const;

/** All batches of the same messages for five batches of messages: most rows are then written once. */
const WRITE_BATCHES = 5 * WRITERS.length;
const CACHED_STATES = 10_000;

export interface SampleRun {
  readonly messages: number;
  /** Messages of a batch. */
  readonly batchMessages?: number;
  readonly client?: (line: object) => readonly object[];
  readonly provider?: (line: object) => readonly object[];
  readonly nemesis?: readonly object[];
  /** Lines of batches.jsonl beside those of the run without its plants. */
  readonly recorded?: readonly object[];
  /** In the order of set, writer and sequence; each batch may become any number. */
  readonly batch?: (set: string, batch: EventBatch) => readonly EventBatch[];
  readonly depth?: ReadonlyMap<string, LaneDepth>;
  readonly meta?: object;
  /** Money by set, account and part. */
  readonly money?: Readonly<Record<string, Readonly<Record<string, bigint>>>>;
}

const defaults = { batchMessages: 100, client: one, provider: one };

/** A fault that is begun, proven and ended; sends go on meanwhile. */
const NEMESIS: readonly object[] = [
  { at: START, fault: "stop-primary", round: 1, type: "start", detail: {} },
  {
    at: START + 50,
    fault: "stop-primary",
    round: 1,
    type: "proof",
    happened: true,
    evidence: "new primary 2 instead of 0",
  },
  { at: START + 60_000, fault: "stop-primary", round: 1, type: "end", detail: {} },
];

/** The messages of each set have numbers of their own. */
function numbersOf(run: SampleRun, set: string): { readonly from: number; readonly to: number } {
  const half = Math.ceil(run.messages / SETS.length);
  return set === SETS[0] ? { from: 0, to: half } : { from: half, to: run.messages };
}

export async function writeFolder(dir: string, run: SampleRun): Promise<void> {
  const { client, provider } = { ...defaults, ...run };
  const files = ["client", "provider", "batches"].map((name) => createWriteStream(join(dir, `${name}.jsonl`)));
  const [clientFile, providerFile, batchFile] = files;
  for (const set of SETS) {
    const { from, to } = numbersOf(run, set);
    for (let number = from; number < to; number++) {
      const life = lifeOf(set, number);
      await write(clientFile, life.client.flatMap(client));
      await write(providerFile, life.provider.flatMap(provider));
    }
    // What was paid in was so from the beginning.
    const right = { messages: run.messages, ...(run.money && run.batch && { batch: run.batch }) };
    for (const batch of batchesOf(right, set)) {
      const { writer, sequence } = batch;
      await write(batchFile, [{ at: batch.at + 10_000, set, writer, sequence, hash: hashBatch(batch) }]);
    }
  }
  await write(batchFile, run.recorded ?? []);
  await Promise.all(files.map((file) => new Promise<void>((resolve) => file.end(resolve))));
  writeFileSync(join(dir, "nemesis.jsonl"), (run.nemesis ?? NEMESIS).map(toLine).join(""));
  writeFileSync(join(dir, "meta.json"), JSON.stringify({ drainedMs: 5_000, canaries: CANARIES, ...run.meta }));
}

/** Sets that make their batches while they are read. */
export function createSampleSources(run: SampleRun): readonly EventSource[] {
  return SETS.map((set) => {
    const opened = WRITERS.map((name) => ({ writer: writerOf(set, name), batches: batchesOf(run, set, name) }));
    return {
      set: set as SetId,
      async depth() {
        return (set === SETS[0] ? (run.depth ?? new Map()) : new Map()) as ReadonlyMap<never, LaneDepth>;
      },
      async allotments({ after }) {
        // One page holds it all.
        if (after !== undefined) return [];
        return Object.entries(run.money?.[set] ?? {}).map(([name, micros]) => ({
          id: name as AllotmentId,
          micros: micros as Micros,
        }));
      },
      events: {
        async writers() {
          return opened.map(({ writer }) => ({ writer, silentMs: 0, closed: false }));
        },
        // The checker reads each log once and in order.
        async read(_after, batchesMax) {
          const page: EventBatch[] = [];
          for (const { batches } of opened) {
            while (page.length < batchesMax) {
              const next = batches.next();
              if (next.done === true) break;
              page.push(next.value);
            }
          }
          return page;
        },
      },
    };
  });
}

/** All batches of a set, those of the same messages together. */
function* batchesBySequence(run: SampleRun, set: string): Generator<EventBatch> {
  const open = WRITERS.map((name) => batchesOf(run, set, name));
  for (;;) {
    const next = open.flatMap((batches) => batches.next().value ?? []);
    if (next.length === 0) return;
    yield* next;
  }
}

/** Lets the platform's own writer of the reports project the whole run. */
export async function fillReports(database: ReportsDatabase, run: SampleRun): Promise<void> {
  for (const set of SETS as readonly string[] as readonly SetId[]) {
    let positions: Positions = new Map();
    const cache = createStateCache(CACHED_STATES);
    let batches: EventBatch[] = [];
    const flush = async (): Promise<void> => {
      if (batches.length === 0) return;
      const result = await writeBatches(database, { set, positions, batches, cache });
      positions = result.positions;
      batches = [];
    };
    for (const batch of batchesBySequence(run, set)) {
      batches.push(batch);
      if (batches.length === WRITE_BATCHES) await flush();
    }
    await flush();
  }
}

function* batchesOf(run: SampleRun, set: string, only?: string): Generator<EventBatch> {
  const { batchMessages } = { ...defaults, ...run };
  const { from, to } = numbersOf(run, set);
  for (const [index, name] of WRITERS.entries()) {
    if (only !== undefined && name !== only) continue;
    for (let first = from, sequence = 1; first < to; first += batchMessages, sequence++) {
      const count = Math.min(batchMessages, to - first);
      const lives = Array.from({ length: count }, (_, i) => lifeOf(set, first + i));
      const events = lives.flatMap((life) => life.events[index] ?? []);
      const batch: EventBatch = { writer: writerOf(set, name), sequence, at: START + first, kind: "events", events };
      yield* run.batch?.(set, batch) ?? [batch];
    }
  }
}

function writerOf(set: string, name: string): WriterId {
  return `${set}${name}` as WriterId;
}

async function write(file: ReturnType<typeof createWriteStream> | undefined, lines: readonly object[]): Promise<void> {
  if (lines.length === 0 || file === undefined || file.write(lines.map(toLine).join(""))) return;
  await new Promise((resolve) => file.once("drain", resolve));
}

function toLine(line: object): string {
  return `${JSON.stringify(line)}\n`;
}

function one(line: object): readonly object[] {
  return [line];
}
