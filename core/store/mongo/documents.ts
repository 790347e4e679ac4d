/**
 * The documents of a set and the indexes their queries need. Items and events are stored as JSON text: one string is
 * cheaper to write, replicate and read than a tree of 512 sub-documents, and a person can still read it in a shell.
 */
import type { Collection, Db, Long } from "mongodb";
import type { Lane } from "#domain/lane.ts";
import type { Standing } from "../store.ts";
import { eventsCollection, type Month } from "./months.ts";

export interface ChunkDocument {
  readonly _id: string;
  readonly lane: Lane;
  /** Visible at: ready time, or the end of the lease once claimed. One field, so a claim needs no OR and no reaper. */
  readonly at: Date;
  readonly enqueuedAt: Date;
  /** See Store.claimOverdue. */
  readonly actBy?: Date;
  readonly token: string | null;
  readonly owner: string | null;
  readonly deliveries: number;
  readonly count: number;
  readonly positions: number;
  readonly mark: number;
  readonly priorMark: number;
  readonly settledTo: number;
  readonly settledBeyond: readonly number[];
  readonly items: string;
}

export interface EventBatchDocument {
  /** `<writer>:<sequence, 10 digits>`: a writer's batches are one range of the primary index. */
  readonly _id: string;
  readonly kind: "events" | "void" | "closed";
  readonly at: Date;
  readonly keys: readonly string[];
  readonly events: string;
  /** JSON of the ledger entries; missing where there are none. */
  readonly entries?: string;
  /** Of `events` batches: which step wrote it, so that a retry knows its own batch from another's. */
  readonly step?: string;
}

export interface WriterDocument {
  readonly _id: string;
  /** Where all its batches are. Missing in those of an older schema: BEFORE_MONTHS. */
  readonly month?: Month;
  readonly owner: string;
  readonly openedAt: Date;
  readonly seenAt: Date;
  readonly closed: boolean;
}

/** What the copy of the directory has come to, and the term that it has promised; see directory-copy.ts. */
export interface DirectoryHeadDocument {
  readonly _id: "head";
  /** 0: no change yet, and the next three are empty. */
  readonly number: number;
  readonly change: string;
  readonly epoch: number;
  readonly home: string;
  readonly promisedEpoch: number;
  readonly promisedHome: string;
}

export interface DirectoryRecordDocument {
  /** Its key, such as `account/acme`. */
  readonly _id: string;
  readonly body: string;
}

export interface DirectoryChangeDocument {
  /** Its number, 10 digits. */
  readonly _id: string;
  readonly id: string;
  readonly epoch: number;
  readonly home: string;
  readonly at: Date;
  readonly actor: string;
  readonly request?: string;
  /** JSON of its RecordChanges. */
  readonly writes: string;
}

export interface OptOutDocument {
  readonly _id: string;
  readonly out: boolean;
  readonly at: number;
}

/** The keyed requests of one step: one document, because each of its own would cost as much as its message. */
export interface SendKeysDocument {
  /** The id of the step's event batch. */
  readonly _id: string;
  /** When they were taken; removed SEND_KEY_HOURS_MAX later. Missing: never removed. */
  readonly at?: Date;
  /** Unique over all documents. */
  readonly keys: readonly string[];
  /** JSON of their SendRecords, in the order of `keys`. */
  readonly records: string;
}

/** One slot of an account's credit on this set. */
export interface AllotmentDocument {
  readonly _id: string;
  readonly micros: Long;
}

/** What a set says of itself; written by schema.ts. */
export interface SchemaDocument {
  readonly _id: "schema";
  readonly version: number;
  /** When the collection of each month was opened, by the set's clock. */
  readonly months: Readonly<Record<Month, Date>>;
  /** What was written before may have been dropped; missing while nothing ever was. */
  readonly keptSince?: Date;
}

/** See Store.standing. Without it the set is in service. */
export interface StandingDocument {
  readonly _id: "standing";
  readonly standing: Standing;
  /** When it was declared, by the set's clock. */
  readonly at: Date;
}

/** See Store.registers. */
export interface RegisterDocument {
  readonly _id: string;
  readonly version: number;
  readonly body: string;
}

export interface Collections {
  readonly chunks: Collection<ChunkDocument>;
  /** Event batches, by the month of their writer. */
  readonly eventsOf: (month: Month) => Collection<EventBatchDocument>;
  readonly writers: Collection<WriterDocument>;
  readonly directoryHead: Collection<DirectoryHeadDocument>;
  readonly directoryRecords: Collection<DirectoryRecordDocument>;
  readonly directoryChanges: Collection<DirectoryChangeDocument>;
  readonly optOuts: Collection<OptOutDocument>;
  readonly sendKeys: Collection<SendKeysDocument>;
  readonly allotments: Collection<AllotmentDocument>;
  readonly schema: Collection<SchemaDocument>;
  readonly standing: Collection<StandingDocument>;
  readonly registers: Collection<RegisterDocument>;
}

/** All but those of the months. */
export const collectionNames = {
  chunks: "chunks",
  writers: "writers",
  directoryHead: "directory_head",
  directoryRecords: "directory_records",
  directoryChanges: "directory_changes",
  optOuts: "opt_outs",
  sendKeys: "send_keys",
  allotments: "allotments",
  schema: "schema",
  standing: "standing",
  registers: "registers",
} as const satisfies Record<Exclude<keyof Collections, "eventsOf">, string>;

/**
 * Claims (claim.ts): equality on the lane, range on the time. With the count and the id in it, looking for candidates
 * reads no document: 64 chunks of 200 KB are 13 MB that a claim of one of them has no use for.
 */
export const CLAIM_INDEX = { lane: 1, at: 1, count: 1, _id: 1 } as const;
/** Pages of lane `dead`, and of no other. */
export const DEAD_INDEX = { lane: 1, _id: 1 } as const;
export const DEAD_INDEX_OPTIONS = { partialFilterExpression: { lane: "dead" } } as const;
/** Overdue chunks (claim.ts); sparse: most have no time to be acted by. */
export const OVERDUE_INDEX = { actBy: 1 } as const;
/** A key is taken once; its look-ups use the same index. */
export const SEND_KEY_INDEX = { keys: 1 } as const;
/** Time to live of send keys. */
export const SEND_KEY_AGE_INDEX = { at: 1 } as const;
/** Look-ups (mongo-event-log.ts), in every month: equality on one key, newest first. */
export const LOOKUP_INDEX = { keys: 1, at: -1 } as const;

export function openCollections(db: Db): Collections {
  return {
    chunks: db.collection(collectionNames.chunks),
    eventsOf: (month) => db.collection(eventsCollection(month)),
    writers: db.collection(collectionNames.writers),
    directoryHead: db.collection(collectionNames.directoryHead),
    directoryRecords: db.collection(collectionNames.directoryRecords),
    directoryChanges: db.collection(collectionNames.directoryChanges),
    optOuts: db.collection(collectionNames.optOuts),
    sendKeys: db.collection(collectionNames.sendKeys),
    allotments: db.collection(collectionNames.allotments),
    schema: db.collection(collectionNames.schema),
    standing: db.collection(collectionNames.standing),
    registers: db.collection(collectionNames.registers),
  };
}

const SEQUENCE_DIGITS = 10;

export function batchId(writer: string, sequence: number): string {
  return `${writer}:${sequence.toString().padStart(SEQUENCE_DIGITS, "0")}`;
}

/** Sorts after every batch id of the writer. */
export function batchIdEnd(writer: string): string {
  return `${writer};`;
}

export function parseBatchId(id: string): { readonly writer: string; readonly sequence: number } {
  const colon = id.indexOf(":");
  return { writer: id.slice(0, colon), sequence: Number(id.slice(colon + 1)) };
}
