/**
 * Follows the logs of all sets while the run lasts: which acknowledged messages have no final state yet, and how many
 * events of each kind there were. It keeps the events of open messages only.
 */
import type { Store } from "#core/store/store.ts";
import type { EventType, MessageEvent } from "#domain/event.ts";
import { applyEvent, emptyMessageState, isFinal, type MessageState, statusOf } from "#domain/fold.ts";
import { messageIdSchema, setOfMessage } from "#domain/ids.ts";
import { readLogs } from "./read-logs.ts";

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
  const acknowledgedOn = new Map<string, number>();
  const acknowledged = new Set<string>();

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

  const { catchUp } = readLogs(stores, apply);
  return {
    catchUp,
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
