/** The data of one set in memory. Several stores may share it, as several processes share a replica set. */
import type { ChunkId, WriterId } from "#domain/ids.ts";
import type { Lane } from "#domain/lane.ts";
import type { EventBatch, OptOutKey, Progress, VersionedDirectory } from "../store.ts";

export interface MemoryChunk {
  readonly id: ChunkId;
  readonly lane: Lane;
  readonly items: string;
  readonly count: number;
  readonly enqueuedAt: number;
  at: number;
  token: string | undefined;
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
  directory: VersionedDirectory | undefined;
}

export function createMemorySet(): MemorySet {
  return { chunks: new Map(), batches: new Map(), writers: new Map(), optOuts: new Map(), directory: undefined };
}

export function batchKey(writer: WriterId, sequence: number): string {
  return `${writer}:${sequence}`;
}
