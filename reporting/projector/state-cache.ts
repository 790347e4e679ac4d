/**
 * The states of messages that are on their way, so that the next events of one need not be folded from the tables
 * again. Bounded; the least recently used goes first. It may only ever hold what the tables hold: cleared when in
 * doubt.
 */
import { isFinal, type MessageState, statusOf } from "#domain/fold.ts";
import type { MessageId } from "#domain/ids.ts";

export interface StateCache {
  get(id: MessageId): MessageState | undefined;
  /** Keeps a state; a final one is forgotten, as hardly any event follows it. */
  keep(id: MessageId, state: MessageState): void;
  clear(): void;
  readonly size: number;
}

export function createStateCache(statesMax: number): StateCache {
  const states = new Map<MessageId, MessageState>();
  return {
    get: (id) => states.get(id),
    keep(id, state) {
      states.delete(id);
      if (state.accepted !== undefined && isFinal(statusOf(state))) return;
      states.set(id, state);
      if (states.size <= statesMax) return;
      for (const oldest of states.keys()) {
        states.delete(oldest);
        break;
      }
    },
    clear: () => states.clear(),
    get size() {
      return states.size;
    },
  };
}
