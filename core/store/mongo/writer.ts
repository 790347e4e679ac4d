/**
 * One writer from its registration to its closed batch. All its batches are in the collection of its month, so that
 * whatever claims one of its numbers collides there.
 */
import type { Collection } from "mongodb";
import type { Clock } from "#domain/clock.ts";
import type { IdMint, SetId, WriterId } from "#domain/ids.ts";
import type { Logger } from "#domain/log.ts";
import { batchId, type Collections, type EventBatchDocument } from "./documents.ts";
import type { Month } from "./months.ts";
import type { SetClock } from "./set-clock.ts";
import type { SetSchema } from "./set-schema.ts";
import { DUPLICATE_KEY } from "./store-error.ts";
import { withDeadline } from "./with-deadline.ts";

export interface Writer {
  readonly id: WriterId;
  readonly month: Month;
  /** Of its month. */
  readonly batches: Collection<EventBatchDocument>;
  /** The sequence of its next step. */
  next: number;
}

export interface WriterDeps {
  readonly set: SetId;
  readonly collections: Pick<Collections, "writers" | "eventsOf">;
  readonly schema: Pick<SetSchema, "refresh" | "month">;
  readonly clock: Clock;
  readonly setClock: Pick<SetClock, "now">;
  readonly mint: IdMint;
  readonly log: Logger;
  readonly owner: string;
}

/** A clean end is worth this much waiting; whoever ends silent writers does it otherwise. */
const CLOSE_MS = 3_000;

/** Asks for the months first: one that is being dropped is no longer among them. */
export async function registerWriter(deps: WriterDeps): Promise<Writer> {
  const { collections, schema, set } = deps;
  await schema.refresh();
  const [id, month, now] = [deps.mint.writerId(), schema.month(), new Date(deps.setClock.now())];
  const record = { _id: id, month, owner: deps.owner, openedAt: now, seenAt: now, closed: false };
  await collections.writers.insertOne(record);
  await touchWriters(collections, [id]);
  deps.log.info("writer.opened", { set, writer: id });
  return { id, month, batches: collections.eventsOf(month), next: 1 };
}

/** By the set's clock, which `insertOne` cannot ask for. */
export async function touchWriters({ writers }: Pick<Collections, "writers">, ids: readonly string[]): Promise<void> {
  await writers.updateMany({ _id: { $in: [...ids] }, closed: false }, [{ $set: { seenAt: "$$NOW" } }]);
}

/**
 * Says `closed: true` only with a closed batch to show for it: readers wait for that batch. Otherwise the writer is
 * left to whoever ends silent writers.
 */
export async function closeWriter(
  { collections, clock, setClock }: Pick<WriterDeps, "collections" | "clock" | "setClock">,
  writer: Writer,
): Promise<void> {
  try {
    const batch = closedBatch(writer.id, writer.next, setClock.now());
    await withDeadline(clock, writer.batches.insertOne(batch), CLOSE_MS);
  } catch (error) {
    if ((error as { readonly code?: number }).code === DUPLICATE_KEY) return;
    throw error;
  }
  const record = collections.writers.updateOne({ _id: writer.id }, { $set: { closed: true } });
  await withDeadline(clock, record, CLOSE_MS);
}

export function closedBatch(writer: string, sequence: number, at: number): EventBatchDocument {
  return { _id: batchId(writer, sequence), kind: "closed", at: new Date(at), keys: [], events: "[]" };
}
