/** What a majority of a simulated set has, as the checks read it. A batch is parsed once: it never changes. */

import type { AllotmentId } from "#core/store/charge.ts";
import type { RecordChange } from "#core/store/directory-copy.ts";
import type {
  AllotmentDocument,
  ChunkDocument,
  DirectoryChangeDocument,
  DirectoryRecordDocument,
  EventBatchDocument,
  OptOutDocument,
} from "#core/store/mongo/documents.ts";
import { parseBatchId } from "#core/store/mongo/documents.ts";
import type { EventBatch } from "#core/store/store.ts";
import { type Position, toPositions } from "#core/worker/send-positions.ts";
import type { MessageEvent } from "#domain/event.ts";
import type { WriterId } from "#domain/ids.ts";
import type { SubmitItem } from "#domain/item.ts";
import type { LedgerEntry } from "#domain/ledger-entry.ts";
import type { DirectoryHeld } from "./history.ts";
import type { SimSet } from "./world.ts";

/** Whether a collection of this name holds event batches. */
export const isEvents = (name: string): boolean => name.startsWith("events");

/** Event batches as they stand, in the order of writer and sequence. */
export function batchDocuments({ replica }: SimSet): readonly EventBatchDocument[] {
  return replica
    .collections()
    .filter(isEvents)
    .flatMap((name) => replica.committed(name) as unknown as readonly EventBatchDocument[]);
}

export function chunkDocuments({ replica }: SimSet): readonly ChunkDocument[] {
  return replica.committed("chunks") as unknown as readonly ChunkDocument[];
}

/** Send positions of waiting messages by chunk: a chunk's items never change. One for each run. */
export class ChunkPositions {
  readonly #known = new Map<string, readonly Position[]>();

  of({ _id, lane, items }: ChunkDocument): readonly Position[] {
    if (!lane.startsWith("submit.") && !lane.startsWith("inbox.")) return [];
    let positions = this.#known.get(_id);
    if (positions === undefined) {
      positions = toPositions(JSON.parse(items) as SubmitItem[]);
      this.#known.set(_id, positions);
    }
    return positions;
  }
}

export const isSubmitChunk = ({ lane }: ChunkDocument): boolean => lane.startsWith("submit.");

export function optOutDocuments({ replica }: SimSet): readonly OptOutDocument[] {
  return replica.committed("opt_outs") as unknown as readonly OptOutDocument[];
}

/** account|number of those that are opted out. */
export function optOutsOf(set: SimSet): ReadonlySet<string> {
  return new Set(optOutDocuments(set).flatMap(({ _id, out }) => (out ? [_id] : [])));
}

export function moneyOf({ replica }: SimSet): ReadonlyMap<AllotmentId, bigint> {
  const rows = replica.committed("allotments") as unknown as readonly AllotmentDocument[];
  return new Map(rows.map(({ _id, micros }) => [_id as AllotmentId, micros.toBigInt()]));
}

export function directoryOf({ replica }: SimSet): DirectoryHeld {
  const changes = replica.committed("directory_changes") as unknown as readonly DirectoryChangeDocument[];
  const records = replica.committed("directory_records") as unknown as readonly DirectoryRecordDocument[];
  return {
    changes: changes.map(({ id, writes }) => ({ id, writes: JSON.parse(writes) as RecordChange[] })),
    records: new Map(records.map(({ _id, body }) => [_id, body])),
  };
}

export function toBatch({ _id, kind, at, events, entries }: EventBatchDocument): EventBatch {
  const { writer, sequence } = parseBatchId(_id);
  return {
    writer: writer as WriterId,
    sequence,
    kind,
    at: at.getTime(),
    events: JSON.parse(events) as MessageEvent[],
    ...(entries !== undefined && { entries: JSON.parse(entries) as LedgerEntry[] }),
  };
}
