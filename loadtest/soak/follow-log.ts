/**
 * Follows the logs of all sets while a soak lasts, for the faults and the drain. Unlike that of chaos it learns of
 * messages from their events alone, and keeps those that are on their way and nothing else: four hours of traffic are
 * millions of messages.
 */
import type { Store } from "#core/store/store.ts";
import { StoreError } from "#core/store/store.ts";
import type { EventType, MessageEvent } from "#domain/event.ts";
import { applyEvent, emptyMessageState, isFinal, type MessageState, statusOf } from "#domain/fold.ts";
import { type SetId, setOfMessage, type WriterId } from "#domain/ids.ts";
import type { EventWatch } from "../../proof/chaos/recorder/event-watch.ts";

const BATCHES_A_READ = 64;
/** On their way at once; a platform that is so far behind is not followed any further: the run is invalid. */
const OPEN_MAX = 500_000;

/** Finals that are remembered, so that a second receipt opens nothing; the older half is forgotten in one go. */
const FINALS_KEPT_MAX = 400_000;

/** `monotonic` says when a message was first seen. */
export function followLog(stores: readonly Store[], monotonic: () => number): EventWatch {
  const states = new Map<string, MessageState>();
  const open = new Map<string, number>();
  const counts = new Map<string, number>();
  const acceptedOn = new Map<SetId, number>();
  const positions = new Map(stores.map((store) => [store, new Map<WriterId, number>()] as const));
  let finals = 0;
  let [recent, older] = [new Set<string>(), new Set<string>()];
  let reading = Promise.resolve();

  function apply(event: MessageEvent): void {
    bump(counts, event.type);
    if (event.type === "in_doubt") bump(counts, `in_doubt ${event.reason}`);
    const { message } = event;
    if (event.type === "accepted") bump(acceptedOn, setOfMessage(message));
    // Logs of several writers: a result may be read before the message was.
    if (recent.has(message) || older.has(message)) return;
    if (event.type === "accepted") {
      open.set(message, monotonic());
      if (open.size > OPEN_MAX) throw new RangeError(`More than ${OPEN_MAX} messages are on their way at once`);
    }
    const state = applyEvent(states.get(message) ?? emptyMessageState, event);
    if (!isFinal(statusOf(state))) {
      states.set(message, state);
      return;
    }
    states.delete(message);
    open.delete(message);
    finals += 1;
    recent.add(message);
    if (recent.size > FINALS_KEPT_MAX / 2) [recent, older] = [new Set(), recent];
  }

  async function readOn(store: Store): Promise<void> {
    const after = positions.get(store) ?? new Map<WriterId, number>();
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
    acknowledged: () => undefined,
    open,
    get finals() {
      return finals;
    },
    get acknowledgedCount() {
      return counts.get("accepted") ?? 0;
    },
    acknowledgedOn: (set) => acceptedOn.get(set as SetId) ?? 0,
    count: (type: EventType) => counts.get(type) ?? 0,
    doubts: (reason) => counts.get(`in_doubt ${reason}`) ?? 0,
  };
}

function bump<K>(counts: Map<K, number>, name: K): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}

function rethrowUnlessAway(error: unknown): void {
  if (!(error instanceof StoreError && error.retryable)) throw error;
}
