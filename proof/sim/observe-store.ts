/** A store that tells which of its interesting answers were given, and which marks it said are durable. */
import type { CommitResult, Hold, Step, Store } from "#core/store/store.ts";
import { toPositions } from "#core/worker/send-positions.ts";
import type { MessageId } from "#domain/ids.ts";
import type { SubmitItem } from "#domain/item.ts";
import { type Reached, reach } from "./sometimes.ts";

export interface StoreObserver {
  readonly reached: Reached;
  /** Errors on the way to the set, so far. */
  readonly errors: () => number;
  /** This segment is below a durable mark: `message/segment`. */
  marked(segment: string): void;
  /** A worker knows that the step which routed it is committed. */
  routed(message: MessageId): void;
}

/** It changes nothing. */
export function observeStore(store: Store, observer: StoreObserver): Store {
  const held = new Map<string, readonly SubmitItem[]>();
  const mark = (chunk: string, upTo: number): void => {
    for (const { index, item, segment } of toPositions(held.get(chunk) ?? [])) {
      if (index < upTo) observer.marked(`${item.id}/${segment}`);
    }
  };
  const commit: Store["commit"] = async (step) => {
    const errors = observer.errors();
    const result = await store.commit(step);
    note(observer.reached, step, result);
    if (result.type === "committed" && observer.errors() > errors) {
      reach(observer.reached, "a step met an error and was committed");
    }
    if (result.type === "committed")
      for (const { type, message } of step.events ?? []) {
        if (type === "routed") observer.routed(message);
      }
    if (result.type === "committed") for (const { lease, mark: upTo } of step.marks ?? []) mark(lease.chunk, upTo);
    return result;
  };
  const claim: Store["claim"] = async (options) => {
    const holds = await store.claim(options);
    for (const { lease, items, progress } of holds.filter(isSubmit)) {
      held.set(lease.chunk, items as readonly SubmitItem[]);
      mark(lease.chunk, progress.mark);
    }
    return holds;
  };
  return Object.create(store, { commit: { value: commit }, claim: { value: claim } }) as Store;
}

const isSubmit = ({ lane }: Hold): boolean => lane.startsWith("submit.");

function note(reached: Reached, step: Step, result: CommitResult): void {
  if (result.type === "unknown") reach(reached, "an outcome stayed unknown");
  if (result.type !== "lease_lost") return;
  const isTentative = step.acks?.some((lease) => lease.tentative === true) ?? false;
  reach(reached, isTentative ? "a tentative claim was lost" : "a lease was lost at a step");
}
