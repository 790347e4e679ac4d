/** The event log of a memory set. */
import type { Clock } from "#domain/clock.ts";
import type { MessageEvent } from "#domain/event.ts";
import type { WriterId } from "#domain/ids.ts";
import { EVENTS_READ_MAX } from "#domain/limits.ts";
import { submitsById } from "../found-submits.ts";
import { isSameBatch } from "../same-batch.ts";
import { type ConversationMessage, conversationKey, type EventBatch, type EventLog } from "../store.ts";
import { batchKey, type MemorySet } from "./memory-set.ts";

export function createMemoryEventLog(data: MemorySet, clock: Clock): EventLog {
  function* all(): Generator<MessageEvent> {
    for (const batch of data.batches.values()) yield* batch.events;
  }

  function lastSequence(writer: WriterId): number {
    let last = 0;
    while (data.batches.has(batchKey(writer, last + 1))) last++;
    return last;
  }

  return {
    async read(after, batchesMax, eventsMax = EVENTS_READ_MAX) {
      return readBatches(data, after, { batchesMax, eventsMax });
    },

    async writers() {
      return [...data.writers].map(([writer, { seenAt, closed }]) => ({
        writer,
        closed,
        silentMs: clock.now() - seenAt,
      }));
    },

    async endSilentWriters(silentMs) {
      let ended = 0;
      for (const [writer, record] of data.writers) {
        if (record.closed || clock.now() - record.seenAt < silentMs) continue;
        const sequence = lastSequence(writer) + 1;
        data.batches.set(batchKey(writer, sequence), { writer, sequence, at: clock.now(), kind: "closed", events: [] });
        record.closed = true;
        ended++;
      }
      return ended;
    },

    async openMonths() {
      return [];
    },

    async keptSince() {
      return 0;
    },

    async putBack(batches) {
      return batches.filter((batch) => {
        const key = batchKey(batch.writer, batch.sequence);
        const held = data.batches.get(key);
        if (held === undefined) data.batches.set(key, structuredClone(batch));
        if (!data.writers.has(batch.writer)) data.writers.set(batch.writer, { seenAt: clock.now(), closed: false });
        return held !== undefined && !isSameBatch(held, batch);
      });
    },

    async ofMessage(id) {
      return [...all()].filter((event) => event.message === id);
    },

    async ofMessages(ids) {
      const wanted = new Set(ids);
      return Map.groupBy(
        [...all()].filter(({ message }) => wanted.has(message)),
        ({ message }) => message,
      );
    },

    async findSubmitted(provider, providerMessageIds) {
      return submitsById(all(), provider, new Set(providerMessageIds.filter((id) => id !== "")));
    },

    async findConversations(keys) {
      const wanted = new Set(keys);
      const found = new Map<(typeof keys)[number], ConversationMessage>();
      for (const event of all()) {
        if (event.type !== "accepted") continue;
        const key = conversationKey(event.from, event.to);
        if (!wanted.has(key) || (found.get(key)?.at ?? -1) > event.at) continue;
        found.set(key, { message: event.message, account: event.account, at: event.at });
      }
      return found;
    },
  };
}

function readBatches(
  data: MemorySet,
  after: ReadonlyMap<WriterId, number>,
  { batchesMax, eventsMax }: { readonly batchesMax: number; readonly eventsMax: number },
): readonly EventBatch[] {
  const found: EventBatch[] = [];
  let events = 0;
  for (const [writer, position] of after) {
    for (let sequence = position + 1; found.length < batchesMax && events < eventsMax; sequence++) {
      const batch = data.batches.get(batchKey(writer, sequence));
      if (batch === undefined) break;
      found.push(structuredClone(batch));
      events += batch.events.length;
    }
  }
  return found;
}
