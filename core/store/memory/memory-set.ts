/** The data of one set in memory. Several stores may share it, as several processes share a replica set. */
import type { ChunkId, WriterId } from "#domain/ids.ts";
import type { Lane } from "#domain/lane.ts";
import type { AllotmentId } from "../charge.ts";
import type { EventBatch, OptOutKey, Progress, SendKey, SendKeyId, Standing } from "../store.ts";
import { createMemoryDirectory, type MemoryDirectory } from "./memory-directory.ts";

export interface MemoryChunk {
  readonly id: ChunkId;
  readonly lane: Lane;
  readonly items: string;
  readonly count: number;
  readonly enqueuedAt: number;
  readonly actBy: number | undefined;
  at: number;
  /** Null: never claimed, or released. */
  token: string | null;
  deliveries: number;
  progress: Progress;
}

export interface MemoryWriter {
  seenAt: number;
  closed: boolean;
}

/** The data of one set. */
export interface MemorySet {
  readonly chunks: Map<ChunkId, MemoryChunk>;
  readonly batches: Map<string, EventBatch>;
  readonly writers: Map<WriterId, MemoryWriter>;
  readonly optOuts: Map<OptOutKey, { readonly out: boolean; readonly at: number }>;
  readonly sendKeys: Map<SendKeyId, SendKey>;
  readonly allotments: Map<AllotmentId, bigint>;
  /** Told of the lanes that chunks were just put on. */
  readonly bells: Set<(lanes: ReadonlySet<Lane>) => void>;
  /** Bodies as JSON. */
  readonly registers: Map<string, { readonly version: number; readonly body: string }>;
  readonly directory: MemoryDirectory;
  standing: Standing;
}

export function createMemorySet(): MemorySet {
  return {
    chunks: new Map(),
    batches: new Map(),
    writers: new Map(),
    optOuts: new Map(),
    sendKeys: new Map(),
    allotments: new Map(),
    bells: new Set(),
    registers: new Map(),
    directory: createMemoryDirectory(),
    standing: "in_service",
  };
}

export function batchKey(writer: WriterId, sequence: number): string {
  return `${writer}:${sequence}`;
}
