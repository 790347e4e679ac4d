/**
 * Follows the logs of all sets while a soak lasts, for the faults and the drain. Unlike that of chaos it learns of
 * messages from their events alone, and keeps those that are on their way and nothing else: four hours of traffic are
 * millions of messages.
 */
import type { Store } from "#core/store/store.ts";
import type { EventType, MessageEvent } from "#domain/event.ts";
import { applyEvent, emptyMessageState, isFinal, type MessageState, statusOf } from "#domain/fold.ts";
import { setOfMessage } from "#domain/ids.ts";
import type { EventWatch } from "../../proof/chaos/recorder/event-watch.ts";
import { readLogs } from "../../proof/chaos/recorder/read-logs.ts";

/** On their way at once; a platform that is so far behind is not followed any further: the run is invalid. */
const OPEN_MAX = 500_000;
/** Finals that are remembered, so that a second receipt opens nothing; the older half is forgotten in one go. */
const FINALS_KEPT_MAX = 400_000;

/** `monotonic` says when a message was first seen. */
export function followLog(stores: readonly Store[], monotonic: () => number): EventWatch {
  const states = new Map<string, MessageState>();
  const open = new Map<string, number>();
  const counts = new Map<string, number>();
  let finals = 0;
  let [recent, older] = [new Set<string>(), new Set<string>()];

  function apply(event: MessageEvent): void {
    bump(counts, event.type);
    if (event.type === "in_doubt") bump(counts, `in_doubt ${event.reason}`);
    const { message } = event;
    if (event.type === "accepted") bump(counts, `accepted on ${setOfMessage(message)}`);
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

  return {
    ...readLogs(stores, apply),
    acknowledged: () => undefined,
    open,
    get finals() {
      return finals;
    },
    get acknowledgedCount() {
      return counts.get("accepted") ?? 0;
    },
    acknowledgedOn: (set) => counts.get(`accepted on ${set}`) ?? 0,
    count: (type: EventType) => counts.get(type) ?? 0,
    doubts: (reason) => counts.get(`in_doubt ${reason}`) ?? 0,
  };
}

function bump(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}
