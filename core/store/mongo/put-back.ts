/**
 * Puts batches back that a restored set has lost: see EventLog.putBack. The only way to write under another's number.
 */
import type { WriterId } from "#domain/ids.ts";
import { lookupKeys } from "../lookup-keys.ts";
import { isSameBatch } from "../same-batch.ts";
import type { EventBatch } from "../store.ts";
import { batchId, type Collections, type EventBatchDocument } from "./documents.ts";
import { BEFORE_MONTHS, type Month } from "./months.ts";
import type { SetSchema } from "./set-schema.ts";
import { DUPLICATE_KEY } from "./store-error.ts";
import { toBatch } from "./to-batch.ts";

interface PutBackDeps {
  readonly collections: Collections;
  readonly schema: Pick<SetSchema, "month">;
}

export async function putBack(deps: PutBackDeps, batches: readonly EventBatch[]): Promise<readonly EventBatch[]> {
  const taken: EventBatch[] = [];
  for (const [writer, some] of Map.groupBy(batches, (batch) => batch.writer)) {
    const month = await monthOfWriter(deps, writer, some);
    for (const batch of some) if (!(await insert(deps, month, batch))) taken.push(batch);
  }
  return taken;
}

/** A writer that was opened after the backup is registered again, as one that has fallen silent. */
async function monthOfWriter(
  { collections, schema }: PutBackDeps,
  writer: WriterId,
  batches: readonly EventBatch[],
): Promise<Month> {
  const held = await collections.writers.findOne({ _id: writer });
  if (held !== null) return held.month ?? BEFORE_MONTHS;
  const month = schema.month();
  const at = new Date(Math.min(...batches.map((batch) => batch.at)));
  const record = { _id: writer, month, owner: "put back", openedAt: at, seenAt: at, closed: false };
  await collections.writers.insertOne(record);
  return month;
}

/** False: another batch has its number. */
async function insert({ collections }: PutBackDeps, month: Month, batch: EventBatch): Promise<boolean> {
  const { writer, sequence, kind, at, events, entries } = batch;
  const _id = batchId(writer, sequence);
  const keys = kind === "events" ? lookupKeys(events) : [];
  const said = { events: JSON.stringify(events), ...(entries !== undefined && { entries: JSON.stringify(entries) }) };
  const document: EventBatchDocument = { _id, kind, at: new Date(at), keys, ...said };
  const collection = collections.eventsOf(month);
  try {
    await collection.insertOne(document);
    return true;
  } catch (error) {
    if ((error as { readonly code?: number }).code !== DUPLICATE_KEY) throw error;
    const there = await collection.findOne({ _id });
    return there !== null && isSameBatch(toBatch(there), batch);
  }
}
