/**
 * PostgreSQL as far as a projector needs it: facts, rollups and checkpoint, changed together or not at all. What is in
 * it outlives every process.
 */
import { batchId } from "#core/store/mongo/documents.ts";
import type { EventBatch } from "#core/store/store.ts";
import type { MessageState } from "#domain/fold.ts";
import type { MessageId, SetId, WriterId } from "#domain/ids.ts";
import { projectBatch } from "../../../reporting/projector/project-batch.ts";

export type Positions = ReadonlyMap<WriterId, number>;

export interface SimReports {
  positions(set: SetId): Positions;
  /** One transaction: refused when somebody else has moved the checkpoint since. */
  write(set: SetId, from: Positions, batches: readonly EventBatch[]): "written" | "stale";
  readonly states: ReadonlyMap<MessageId, MessageState>;
  readonly rollups: ReadonlyMap<string, number>;
  /** As they were read, by the id of the batch. */
  readonly read: ReadonlyMap<string, string>;
  /** Provider ids that a submitted event names. */
  readonly submitted: ReadonlySet<string>;
}

export function createSimReports(): SimReports {
  const checkpoints = new Map<SetId, Positions>();
  const states = new Map<MessageId, MessageState>();
  const rollups = new Map<string, number>();
  const read = new Map<string, string>();
  const submitted = new Set<string>();
  const positions = (set: SetId): Positions => checkpoints.get(set) ?? new Map();
  return {
    states,
    rollups,
    read,
    submitted,
    positions,
    write(set, from, batches) {
      if (positions(set) !== from && checkpoints.has(set)) return "stale";
      const next = new Map(from);
      for (const { writer, sequence, events } of batches) {
        next.set(writer, sequence);
        read.set(batchId(writer, sequence), JSON.stringify(events));
        for (const event of events) if (event.type === "submitted") submitted.add(event.providerMessageId);
      }
      const projection = projectBatch(
        states,
        batches.flatMap(({ events }) => events),
      );
      for (const [id, state] of projection.states) states.set(id, state);
      for (const { key, messages } of projection.rollups) {
        const name = key.join("|");
        rollups.set(name, (rollups.get(name) ?? 0) + messages);
      }
      checkpoints.set(set, next);
      return "written";
    },
  };
}
