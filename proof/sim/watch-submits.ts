/**
 * Who looks at what a majority of each set has at the moment that a segment is written: whether it was below the mark
 * of the chunk that its writer had claimed, whose that chunk is by now, and how often it was said to be sent again.
 * Told of every write as a majority gets it, and so never behind what a process can have heard.
 */
import type { ChunkDocument, EventBatchDocument } from "#core/store/mongo/documents.ts";
import type { MessageEvent } from "#domain/event.ts";
import type { LaneRecord, SubmitRecord } from "./history.ts";
import type { LoggedWrite } from "./mongo/member-log.ts";
import { ChunkPositions, isEvents, isSubmitChunk } from "./read-set.ts";

export interface SubmitWatch {
  /** Of any set, in the order of its log. */
  committed(writes: readonly LoggedWrite[]): void;
  /** As `writer` writes this `message/segment`. */
  standing(writer: string, segment: string): Pick<SubmitRecord, "mark" | "lease" | "resends">;
  /** What is known of each `message/segment` that was ever on a submit lane. */
  readonly onLanes: ReadonlyMap<string, LaneRecord>;
}

/** A submit chunk for as long as a majority has known it, and after. */
interface ChunkSeen {
  /** By `message/segment`. */
  readonly indexes: ReadonlyMap<string, number>;
  /** The highest it ever had. */
  mark: number;
  /** Who holds it or held it last; `undefined` once it is acknowledged. */
  holder: string | null | undefined;
  readonly owners: Set<string>;
}

interface SegmentSeen {
  readonly chunks: ChunkSeen[];
  readonly lane: { deliveries: number; isMarked: boolean };
  resends: number;
}

export function createSubmitWatch(): SubmitWatch {
  const positions = new ChunkPositions();
  const chunks = new Map<string, ChunkSeen>();
  const segments = new Map<string, SegmentSeen>();
  const onLanes = new Map<string, LaneRecord>();

  function segmentOf(name: string): SegmentSeen {
    let seen = segments.get(name);
    if (seen === undefined) {
      seen = { chunks: [], lane: { deliveries: 0, isMarked: false }, resends: 0 };
      segments.set(name, seen);
      onLanes.set(name, seen.lane);
    }
    return seen;
  }

  function create(document: ChunkDocument): ChunkSeen {
    const open = positions.of(document).filter(({ item, segment }) => item.doneSegments?.includes(segment) !== true);
    const indexes = new Map(open.map(({ index, item, segment }) => [`${item.id}/${segment}`, index] as const));
    const chunk: ChunkSeen = { indexes, mark: 0, holder: null, owners: new Set() };
    for (const name of indexes.keys()) segmentOf(name).chunks.push(chunk);
    chunks.set(document._id, chunk);
    return chunk;
  }

  function take(document: ChunkDocument): void {
    const chunk = chunks.get(document._id) ?? create(document);
    const { owner, mark, deliveries } = document;
    chunk.holder = owner;
    if (owner !== null) chunk.owners.add(owner);
    chunk.mark = Math.max(chunk.mark, mark);
    for (const [name, index] of chunk.indexes) {
      const { lane } = segmentOf(name);
      lane.deliveries = Math.max(lane.deliveries, deliveries);
      if (index < mark) lane.isMarked = true;
    }
  }

  function takeDoubts({ events }: EventBatchDocument): void {
    if (!events.includes(`"in_doubt"`)) return;
    for (const event of JSON.parse(events) as MessageEvent[]) {
      if (event.type !== "in_doubt" || event.policy !== "resend") continue;
      segmentOf(`${event.message}/${event.segment}`).resends += 1;
    }
  }

  return {
    onLanes,
    committed(writes) {
      for (const { collection, id, document } of writes) {
        if (collection.name === "chunks") {
          const chunk = document as unknown as ChunkDocument | null;
          const known = chunks.get(id);
          if (chunk !== null && isSubmitChunk(chunk)) take(chunk);
          else if (chunk === null && known !== undefined) known.holder = undefined;
        } else if (document !== null && isEvents(collection.name)) {
          takeDoubts(document as unknown as EventBatchDocument);
        }
      }
    },
    standing(writer, segment) {
      const { chunks: held, resends } = segmentOf(segment);
      // What was put off is in another chunk, of which it was claimed later.
      const chunk = held.findLast(({ owners }) => owners.has(writer));
      const mark = chunk !== undefined && (chunk.indexes.get(segment) ?? 0) < chunk.mark ? "below" : "beyond";
      return { mark, resends, lease: chunk?.holder === writer ? "held" : "lost" };
    },
  };
}
