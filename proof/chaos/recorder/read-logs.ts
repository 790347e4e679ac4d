/** Reads the logs of all sets, each batch once, while a run goes on. */
import type { Store } from "#core/store/store.ts";
import { StoreError } from "#core/store/store.ts";
import type { MessageEvent } from "#domain/event.ts";
import type { WriterId } from "#domain/ids.ts";

const BATCHES_A_READ = 500;

export interface LogReader {
  /** Reads on, on every set that answers; `stores` may have grown since. Throws what no set's being away explains. */
  catchUp(): Promise<void>;
}

/** `apply` is told of each event; those of one writer in their order, those of several in any. */
export function readLogs(stores: readonly Store[], apply: (event: MessageEvent) => void): LogReader {
  const positions = new Map<Store, Map<WriterId, number>>();
  let reading = Promise.resolve();

  async function readOn(store: Store): Promise<void> {
    const after = positions.get(store) ?? new Map<WriterId, number>();
    positions.set(store, after);
    for (const { writer } of await store.events.writers()) if (!after.has(writer)) after.set(writer, 0);
    for (;;) {
      const batches = await store.events.read(after, BATCHES_A_READ);
      for (const batch of batches) {
        after.set(batch.writer, batch.sequence);
        for (const event of batch.events) apply(event);
      }
      if (batches.length < BATCHES_A_READ) return;
    }
  }

  return {
    catchUp() {
      // One after the other: two readers of one position would each see a gap where the other has read on.
      reading = reading
        .catch(() => undefined)
        .then(async () => {
          await Promise.all(stores.map((store) => readOn(store).catch(rethrowUnlessAway)));
        });
      return reading;
    },
  };
}

function rethrowUnlessAway(error: unknown): void {
  if (!(error instanceof StoreError && error.retryable)) throw error;
}
