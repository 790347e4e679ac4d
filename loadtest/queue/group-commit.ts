/**
 * Group commit as the edge does it (edge/committer.ts), without what makes an edge of it: what arrives while a write is
 * under way is written together, within the bounds of a chunk. Our queue and the floor send through it, so that both
 * have the same batches; the edge's own committer is measured as `accept_per_s`.
 */
import { CHUNK_ITEMS_MAX } from "#domain/limits.ts";

export interface GroupCommit<Message> {
  /** Resolves when the message is durable. */
  send(message: Message): Promise<void>;
}

/** `write` makes a batch of 1 to CHUNK_ITEMS_MAX durable; messages of ~400 bytes stay within CHUNK_BYTES_MAX. */
export function createGroupCommit<Message>(options: {
  readonly inFlightMax: number;
  readonly write: (batch: readonly Message[]) => Promise<void>;
}): GroupCommit<Message> {
  let waiting: { readonly message: Message; readonly promise: PromiseWithResolvers<void> }[] = [];
  let inFlight = 0;
  let isPumpDue = false;

  async function writeBatch(batch: typeof waiting): Promise<void> {
    inFlight++;
    try {
      await options.write(batch.map(({ message }) => message));
      for (const { promise } of batch) promise.resolve();
    } catch (error) {
      for (const { promise } of batch) promise.reject(error);
    } finally {
      inFlight--;
      pumpSoon();
    }
  }

  /** After this turn of the event loop, so that all that comes in it goes together. */
  function pumpSoon(): void {
    if (isPumpDue) return;
    isPumpDue = true;
    setImmediate(() => {
      isPumpDue = false;
      while (waiting.length > 0 && inFlight < options.inFlightMax) {
        const batch = waiting.slice(0, CHUNK_ITEMS_MAX);
        waiting = waiting.slice(CHUNK_ITEMS_MAX);
        void writeBatch(batch);
      }
    });
  }

  return {
    send(message) {
      const promise = Promise.withResolvers<void>();
      waiting.push({ message, promise });
      pumpSoon();
      return promise.promise;
    },
  };
}
