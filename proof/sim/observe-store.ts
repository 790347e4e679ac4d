/** A store that tells which of its interesting answers were given,. */
import type { CommitResult, Step, Store } from "#core/store/store.ts";
import type { MessageId } from "#domain/ids.ts";
import { type Reached, reach } from "./sometimes.ts";

export interface StoreObserver {
  readonly reached: Reached;
  /** Errors on the way to the set, so far. */
  readonly errors: () => number;
  /** A worker knows that the step which routed it is committed. */
  routed(message: MessageId): void;
}

/** It changes nothing. */
export function observeStore(store: Store, observer: StoreObserver): Store {
  const commit: Store["commit"] = async (step) => {
    const errors = observer.errors();
    const result = await store.commit(step);
    note(observer.reached, step, result);
    if (result.type === "committed" && observer.errors() > errors) {
      reach(observer.reached, "a step met an error and was committed");
    }
    if (result.type === "committed") {
      for (const { type, message } of step.events ?? []) if (type === "routed") observer.routed(message);
    }
    return result;
  };
  return Object.create(store, { commit: { value: commit } }) as Store;
}

function note(reached: Reached, step: Step, result: CommitResult): void {
  if (result.type === "unknown") reach(reached, "an outcome stayed unknown");
  if (result.type !== "lease_lost") return;
  const isTentative = step.acks?.some((lease) => lease.tentative === true) ?? false;
  reach(reached, isTentative ? "a tentative claim was lost" : "a lease was lost at a step");
}
