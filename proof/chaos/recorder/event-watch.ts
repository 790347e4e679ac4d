/**
 * Follows the logs of all sets while the run lasts: which acknowledged messages have no final state yet, and how many
 * events of each kind there were. It keeps the events of open messages only.
 */
import type { Store } from "#core/store/store.ts";
import { StoreError } from "#core/store/store.ts";
import type { EventType, MessageEvent } from "#domain/event.ts";
import { applyEvent, emptyMessageState, isFinal, type MessageState, statusOf } from "#domain/fold.ts";
import { messageIdSchema, setOfMessage, type WriterId } from "#domain/ids.ts";

const READ_BATCHES = 500;

export interface EventWatch {
  /** Reads on, on every set that answers. */
  catchUp(): Promise<void>;
  acknowledged(ids: readonly string[]): void;
  /** Acknowledged and not final, by when they were acknowledged (monotonic). */
  readonly open: ReadonlyMap<string, number>;
  readonly finals: number;
  readonly acknowledgedCount: number;
  /** Of one set. */
  acknowledgedOn(set: string): number;
  count(type: EventType): number;
  /** Of `in_doubt` events with this reason. */
  doubts(reason: string): number;
}

export function createEventWatch(stores: readonly Store[], monotonic: () => number): EventWatch {
  const states = new Map<string, MessageState>();
  const finals = new Set<string>();
  const open = new Map<string, number>();
  const counts = new Map<string, number>();
  const positions = new Map<Store, Map<WriterId, number>>();
  const acknowledgedOn = new Map<string, number>();
  const acknowledged = new Set<string>();
  let reading = Promise.resolve();

  function apply(event: MessageEvent): void {
    bump(counts, event.type);
    if (event.type === "in_doubt") bump(counts, `in_doubt ${event.reason}`);
    const id = event.message;
    if (finals.has(id)) return;
    const state = applyEvent(states.get(id) ?? emptyMessageState, event);
    if (!isFinal(statusOf(state))) {
      states.set(id, state);
      return;
    }
    states.delete(id);
    finals.add(id);
    open.delete(id);
  }

  async function readOn(store: Store): Promise<void> {
    const after = positions.get(store) ?? new Map<WriterId, number>();
    positions.set(store, after);
    for (const { writer } of await store.events.writers()) if (!after.has(writer)) after.set(writer, 0);
    for (;;) {
      const batches = await store.events.read(after, READ_BATCHES);
      for (const batch of batches) {
        after.set(batch.writer, batch.sequence);
        for (const event of batch.events) apply(event);
      }
      if (batches.length < READ_BATCHES) return;
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
    acknowledged(ids) {
      for (const id of ids) {
        if (acknowledged.has(id)) continue; // a repetition with its key
        acknowledged.add(id);
        bump(acknowledgedOn, setOfMessage(messageIdSchema.parse(id)));
        if (!finals.has(id)) open.set(id, monotonic());
      }
    },
    acknowledgedOn: (set) => acknowledgedOn.get(set) ?? 0,
    open,
    get finals() {
      return finals.size;
    },
    get acknowledgedCount() {
      return acknowledged.size;
    },
    count: (type) => counts.get(type) ?? 0,
    doubts: (reason) => counts.get(`in_doubt ${reason}`) ?? 0,
  };
}

function bump(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}

function rethrowUnlessAway(error: unknown): void {
  if (!(error instanceof StoreError && error.retryable)) throw error;
}
