/**
 * Who looks at the sets while the run goes on: whether what is accepted is always somewhere, whether a batch ever
 * changes, and where a segment stood as it was written.
 */
import type { ChunkDocument } from "#core/store/mongo/documents.ts";
import { foundState, type Position } from "#core/worker/send-positions.ts";
import type { MessageEvent } from "#domain/event.ts";
import type { MessageId } from "#domain/ids.ts";
import type { OutboundSegment } from "../../connectors/connector.ts";
import type { Observation, ReceiptRecord, ReplyRecord, SubmitRecord } from "./history.ts";
import { batchDocuments, ChunkPositions, chunkDocuments } from "./read-set.ts";
import { accounts } from "./sim-directory.ts";
import type { SimProcess } from "./sim-process.ts";
import { isDurable } from "./watch-inbound.ts";
import { createOptOutWatch, type OptOutWatch } from "./watch-opt-outs.ts";
import { createSubmitWatch, type SubmitWatch } from "./watch-submits.ts";
import type { SimSet, World } from "./world.ts";

/** A look at everything. */
const LOOK_MS = 500;

export interface Watch {
  readonly observations: Observation[];
  readonly optOuts: OptOutWatch;
  readonly submits: SubmitWatch;
  begin(): void;
  written(connector: SimProcess, segment: OutboundSegment): SubmitRecord;
  /** The provider has heard that it was taken. */
  acknowledged(record: ReceiptRecord | ReplyRecord): void;
  /** A worker knows that it is routed. */
  routed(message: MessageId): void;
  readonly routedAt: ReadonlyMap<MessageId, number>;
}

export function createWatch(world: World): Watch {
  const observations: Observation[] = [];
  const seen = new Map<string, SeenSet>();
  const positions = new ChunkPositions();
  const optOuts = createOptOutWatch(world);
  const submits = createSubmitWatch();
  const routedAt = new Map<MessageId, number>();

  function look(): void {
    for (const set of world.sets) {
      let known = seen.get(set.id);
      if (known === undefined) {
        known = new SeenSet(positions);
        seen.set(set.id, known);
      }
      for (const found of known.look(set)) observations.push({ at: world.time.now, ...found });
    }
    world.time.after(LOOK_MS, look);
  }

  return {
    observations,
    optOuts,
    submits,
    routedAt,
    routed: (message) => void routedAt.set(message, world.time.now),
    begin: () => void world.time.after(LOOK_MS, look),
    written({ name: connector, clock }, { messageId, segment, to, from, part }) {
      const message = messageId as MessageId;
      const account = accounts.find(({ number }) => number === from)?.id ?? "";
      return {
        at: world.time.now,
        clockAt: clock.now(),
        connector,
        message,
        segment,
        to,
        from,
        part,
        ...submits.standing(connector, `${message}/${segment}`),
        isOptedOut: optOuts.forbids(`${account}|${to}`, `${message}/${segment}`),
      };
    },
    acknowledged(record) {
      if (isDurable(world.sets, record)) return;
      const what = "text" in record ? `the reply '${record.text}'` : `the receipt of ${record.providerMessageId}`;
      const says = `${what} was acknowledged and no majority had it`;
      observations.push({ at: world.time.now, check: "inbound-durable", what: says });
    },
  };
}

interface MessageSeen {
  segments: number;
  readonly done: Set<number>;
  isAccepted: boolean;
  isRejected: boolean;
}

/** One set over time: its batches as they were first seen, and what they say of its messages. */
class SeenSet {
  readonly #batches = new Map<string, string>();
  readonly #messages = new Map<string, MessageSeen>();
  readonly #positions: ChunkPositions;

  constructor(positions: ChunkPositions) {
    this.#positions = positions;
  }

  look(set: SimSet): readonly Omit<Observation, "at">[] {
    return [...this.#readBatches(set), ...this.#compareChunks(set)];
  }

  #readBatches(set: SimSet): readonly Omit<Observation, "at">[] {
    const found: Omit<Observation, "at">[] = [];
    const documents = batchDocuments(set);
    for (const { _id, events } of documents) {
      const held = this.#batches.get(_id);
      if (held === events) continue;
      if (held !== undefined) found.push({ check: "append-only", what: `batch ${_id} of ${set.id} has changed` });
      this.#batches.set(_id, events);
      for (const event of JSON.parse(events) as MessageEvent[]) this.#take(event);
    }
    if (documents.length < this.#batches.size) {
      found.push({
        check: "append-only",
        what: `${this.#batches.size - documents.length} batches of ${set.id} are gone`,
      });
    }
    return found;
  }

  #take(event: MessageEvent): void {
    let message = this.#messages.get(event.message);
    if (message === undefined) {
      message = { segments: 0, done: new Set(), isAccepted: false, isRejected: false };
      this.#messages.set(event.message, message);
    }
    if (event.type === "accepted") [message.isAccepted, message.segments] = [true, event.segments];
    else if (event.type === "rejected") message.isRejected = true;
    else if (event.type === "lapsed") for (const segment of event.segments) message.done.add(segment);
    else if ("segment" in event && event.type !== "in_doubt") message.done.add(event.segment);
  }

  /** What is accepted and has no end is on a lane, once; what is on a lane was accepted. */
  #compareChunks(set: SimSet): readonly Omit<Observation, "at">[] {
    const open = new Map<string, number>();
    const found: Omit<Observation, "at">[] = [];
    const say = (what: string): void => void found.push({ check: "step-atomicity", what: `${what} on ${set.id}` });
    for (const chunk of chunkDocuments(set)) {
      for (const { item, segment } of this.#openPositions(chunk)) {
        const name = `${item.id}/${segment}`;
        open.set(name, (open.get(name) ?? 0) + 1);
        if (this.#messages.get(item.id)?.isAccepted !== true) say(`${item.id} is on a lane and was never accepted`);
      }
    }
    for (const [name, times] of open) if (times > 1) say(`${name} is waiting ${times} times`);
    for (const [id, { segments, done, isAccepted, isRejected }] of this.#messages) {
      if (!isAccepted) say(`${id} has events and was never accepted`);
      for (let segment = 0; segment < segments && !isRejected; segment++) {
        if (!done.has(segment) && !open.has(`${id}/${segment}`)) say(`${id}/${segment} has no end and waits nowhere`);
      }
    }
    return found;
  }

  #openPositions(chunk: ChunkDocument): readonly Position[] {
    const { positions, mark, priorMark, settledTo, settledBeyond } = chunk;
    const progress = { positions, mark, priorMark, settledTo, settledBeyond };
    return this.#positions
      .of(chunk)
      .filter(
        ({ index, item, segment }) =>
          foundState(index, progress) !== "settled" && item.doneSegments?.includes(segment) !== true,
      );
  }
}
