/** Change streams of one primary: what a majority has got of one collection since the stream was opened. */
import { Long } from "mongodb";
import { cursorNotFound } from "./driver-errors.ts";
import type { LoggedWrite } from "./member-log.ts";
import type { Asker, Primary } from "./primary.ts";
import { runPipeline } from "./shape-result.ts";
import { type Fields, notModelled } from "./sim-document.ts";

interface Stream {
  readonly collection: string;
  readonly pipeline: readonly Fields[];
  events: Fields[];
  /** Ends the question under way. */
  wake: (() => void) | undefined;
  readonly tell: (writes: readonly LoggedWrite[]) => void;
}

/** Replies as commands give them. */
interface CursorReply {
  readonly cursor: {
    readonly id: Long;
    readonly firstBatch?: readonly Fields[];
    readonly nextBatch?: readonly Fields[];
  };
}

export class ChangeStreams {
  readonly #primary: Primary;
  readonly #streams = new Map<number, Stream>();
  #last = 0;

  constructor(primary: Primary) {
    this.#primary = primary;
  }

  open(collection: string, [first, ...pipeline]: readonly Fields[]): CursorReply {
    if (first?.$changeStream === undefined) return notModelled("an aggregate command without $changeStream");
    const id = ++this.#last;
    const tell = (writes: readonly LoggedWrite[]): void => {
      const fresh = writes.filter((write) => write.collection.name === collection);
      if (fresh.length === 0) return;
      const passed = runPipeline(fresh.map(toEvent), pipeline, this.#primary.now);
      if (passed.length === 0) return;
      stream.events.push(...passed);
      stream.wake?.();
    };
    const stream: Stream = { collection, pipeline, events: [], wake: undefined, tell };
    this.#streams.set(id, stream);
    this.#primary.onMajority.add(tell);
    return { cursor: { id: Long.fromNumber(id), firstBatch: [] } };
  }

  /** What there is by now, or comes within `maxMs`. */
  async more(asker: Asker, id: Long, maxMs: number): Promise<CursorReply> {
    const stream = this.#streams.get(id.toNumber());
    if (stream === undefined) throw cursorNotFound();
    if (stream.events.length === 0) {
      await this.#primary.hang<void>({ asker, isDone: false }, (resolve) => {
        stream.wake = resolve;
        return this.#primary.after(maxMs, resolve);
      });
      stream.wake = undefined;
    }
    const nextBatch = stream.events;
    stream.events = [];
    return { cursor: { id, nextBatch } };
  }

  kill(ids: readonly Long[]): void {
    for (const id of ids) {
      const stream = this.#streams.get(id.toNumber());
      if (stream === undefined) continue;
      this.#streams.delete(id.toNumber());
      this.#primary.onMajority.delete(stream.tell);
      stream.wake?.();
    }
  }
}

function toEvent({ id, document, isInsert }: LoggedWrite): Fields {
  const operationType = document === null ? "delete" : isInsert ? "insert" : "update";
  return { _id: { id }, operationType, documentKey: { _id: id }, ...(isInsert ? { fullDocument: document } : {}) };
}
