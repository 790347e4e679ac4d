/**
 * PostgreSQL as far as a projector needs it: facts, rollups and checkpoint, changed together or not at all. What is in
 * it outlives every process; its answers may be lost, before or after it has done what it was asked.
 */
import { batchId } from "#core/store/mongo/documents.ts";
import type { MessageState } from "#domain/fold.ts";
import type { MessageId, SetId } from "#domain/ids.ts";
import { advance, isSamePositions, type Positions } from "../../../reporting/projector/checkpoint.ts";
import { projectBatch } from "../../../reporting/projector/project-batch.ts";
import type { Reports } from "../../../reporting/projector/project-set.ts";
import type { WriteOptions, WriteResult } from "../../../reporting/projector/write-batches.ts";
import { ReportsDatabaseError } from "../../../reporting/reports-database-error.ts";
import { chance } from "../../seeded-random.ts";
import type { SimProcess } from "../sim-process.ts";
import { type Reached, reach } from "../sometimes.ts";

const SQL_MS = 3;
/** Of requests, and of answers. */
const LOST_SHARE = 0.02;

export interface SimReports {
  /** As one process has them. */
  connect(process: SimProcess): Reports;
  readonly states: ReadonlyMap<MessageId, MessageState>;
  readonly rollups: ReadonlyMap<string, number>;
  /** As they were read, by the id of the batch. */
  readonly read: ReadonlyMap<string, string>;
  /** Provider ids that a submitted event names. */
  readonly submitted: ReadonlySet<string>;
}

export function createSimReports(reached: Reached): SimReports {
  const tables = new Tables();
  return {
    ...tables,
    connect({ clock, random }) {
      const ask = async <T>(act: () => T, onUnheard?: () => void): Promise<T> => {
        await clock.sleep(SQL_MS);
        if (chance(random, LOST_SHARE)) throw lost();
        const answer = act();
        await clock.sleep(SQL_MS);
        if (!chance(random, LOST_SHARE)) return answer;
        onUnheard?.();
        throw lost();
      };
      return {
        positions: (set) => ask(() => tables.positions(set)),
        async write(options) {
          const unheard = (): void => reach(reached, "a projector wrote and did not hear of it");
          const result = await ask(() => tables.write(options), unheard);
          if (result.type === "stale") reach(reached, "a projector found that another had written");
          else for (const [id, state] of result.projection.states) options.cache.keep(id, state);
          return result;
        },
      };
    },
  };
}

const lost = (): Error => new ReportsDatabaseError("postgres_unreachable", undefined, undefined);

class Tables {
  readonly states = new Map<MessageId, MessageState>();
  readonly rollups = new Map<string, number>();
  readonly read = new Map<string, string>();
  readonly submitted = new Set<string>();
  readonly #checkpoints = new Map<SetId, Positions>();

  positions(set: SetId): Positions {
    return this.#checkpoints.get(set) ?? new Map();
  }

  /** One transaction, as writeBatches has it. */
  write({ set, positions, batches, cache }: WriteOptions): WriteResult {
    const to = advance(positions, batches);
    const from = this.positions(set);
    if (!isSamePositions(from, positions)) return { type: "stale", positions: from };
    const events = batches.flatMap((batch) => batch.events);
    const before = new Map<MessageId, MessageState>();
    for (const { message } of events) {
      const state = cache.get(message) ?? this.states.get(message);
      if (state !== undefined) before.set(message, state);
    }
    const projection = projectBatch(before, events);
    for (const [id, state] of projection.states) this.states.set(id, state);
    for (const { key, messages } of projection.rollups) {
      const name = key.join("|");
      this.rollups.set(name, (this.rollups.get(name) ?? 0) + messages);
    }
    for (const batch of batches) this.read.set(batchId(batch.writer, batch.sequence), JSON.stringify(batch.events));
    for (const event of events) if (event.type === "submitted") this.submitted.add(event.providerMessageId);
    this.#checkpoints.set(set, to);
    return { type: "written", positions: to, projection };
  }
}
