/**
 * Writes down the hashes of event batches while a run goes on, so that afterwards it can be seen that none was
 * changed or taken back (invariant I4). Each batch once, and each time some old ones again.
 */
import { appendFileSync } from "node:fs";
import type { EventBatch } from "#core/store/store.ts";
import { StoreError } from "#core/store/store.ts";
import type { Clock } from "#domain/clock.ts";
import type { SetId, WriterId } from "#domain/ids.ts";
import { pick, type Random } from "#domain/random.ts";
import { hashBatch } from "./batch-hash.ts";
import type { EventSource } from "./event-source.ts";

const READ_BATCHES = 500;
/** Batches of each set that are read once more each time. */
const SAMPLES = 20;

export interface BatchRecorder {
  /** Appends what is new in the sets that can be reached, and returns how many lines it wrote. */
  record(): Promise<number>;
}

export interface BatchRecorderOptions {
  readonly stores: readonly EventSource[];
  /** batches.jsonl of the run's folder. */
  readonly file: string;
  readonly clock: Pick<Clock, "now">;
  readonly random: Random;
}

export function createBatchRecorder(options: BatchRecorderOptions): BatchRecorder {
  const readTo = new Map<SetId, Map<WriterId, number>>();

  function append(set: SetId, batches: readonly EventBatch[]): number {
    const at = options.clock.now();
    const lines = batches.map((batch) => {
      const { writer, sequence } = batch;
      return `${JSON.stringify({ at, set, writer, sequence, hash: hashBatch(batch) })}\n`;
    });
    if (lines.length > 0) appendFileSync(options.file, lines.join(""));
    return lines.length;
  }

  async function recordSet({ set, events }: EventSource): Promise<number> {
    const positions = readTo.get(set) ?? new Map<WriterId, number>();
    readTo.set(set, positions);
    let written = append(set, await sample(events, positions));
    for (const { writer } of await events.writers()) if (!positions.has(writer)) positions.set(writer, 0);
    for (;;) {
      const batches = await events.read(positions, READ_BATCHES);
      written += append(set, batches);
      for (const { writer, sequence } of batches) positions.set(writer, sequence);
      if (batches.length === 0) return written;
    }
  }

  async function sample(events: EventSource["events"], positions: ReadonlyMap<WriterId, number>) {
    const known = [...positions].filter(([, sequence]) => sequence > 0);
    const again: EventBatch[] = [];
    for (let i = 0; i < SAMPLES; i++) {
      const [writer, last] = pick(known, options.random) ?? [];
      if (writer === undefined || last === undefined) break;
      again.push(...(await events.read(new Map([[writer, Math.floor(options.random.fraction() * last)]]), 1)));
    }
    return again;
  }

  return {
    async record() {
      const counts = await Promise.all(options.stores.map((store) => recordSet(store).catch(noneIfAway)));
      return counts.reduce((sum, count) => sum + count, 0);
    },
  };
}

function noneIfAway(error: unknown): number {
  if (error instanceof StoreError && error.retryable) return 0;
  throw error;
}
