/**
 * Which set takes the next step: uniformly at random among the healthy near sets (same region) that are up, or among
 * the other healthy ones when no near set is left. A breaker each says which are healthy (choose-set-breaker.ts).
 * When every breaker is open the caller is told so at once and the set that is due soonest is probed, so no request
 * is spent on finding out.
 */
import { type SetState, takesNew } from "#core/directory/set-states.ts";
import type { Clock } from "#domain/clock.ts";
import type { SetId } from "#domain/ids.ts";
import { pick, type Random } from "#domain/random.ts";
import { type Breaker, type BreakerState, createBreaker } from "./choose-set-breaker.ts";
import type { CommitResult, Step, Store } from "./store.ts";

/** With no set up: a state that is changed is seen about a second later. */
const NONE_UP_RETRY_MS = 1_000;

export interface SetChooser extends Disposable {
  /** Decides without waiting. Never returns a set of `except`, nor one that is not up, nor one that is not closed. */
  choose(options?: ChooseOptions): SetChoice;
  /** `store.commit` that also judges the set: every step should go through here. */
  commit(store: Store, step: Step): Promise<CommitResult>;
  /** Each set's breaker, in the order of `stores`. */
  health(): readonly SetHealth[];
}

export interface ChooseOptions {
  /** Sets that were tried already. */
  readonly except?: ReadonlySet<SetId>;
  /** Whether the set can take one more step now. A busy near set is waited for: far ones are for when it is away. */
  readonly isFree?: (set: SetId) => boolean;
}

export type SetChoice =
  | { readonly type: "chosen"; readonly store: Store }
  /** Healthy sets are there, but each has its steps in flight. */
  | { readonly type: "busy" }
  /** No healthy set that is up is left. Worth asking again after `retryAfterMs`. */
  | { readonly type: "none"; readonly retryAfterMs: number };

export interface SetHealth {
  readonly set: SetId;
  readonly near: boolean;
  readonly state: BreakerState;
}

/** `stores` are fixed for the life of the chooser. `onChange` must not call `choose` on a change to `half_open`. */
export function createSetChooser(deps: {
  readonly stores: readonly Store[];
  /** The caller's region. */
  readonly region: string;
  readonly clock: Clock;
  readonly random: Random;
  /** What each set is used for now, by the directory. Asked at every choice. */
  readonly stateOf: (set: SetId) => SetState;
  readonly onChange?: (set: SetId, state: BreakerState, code: string) => void;
}): SetChooser {
  const isUp = ({ set }: Store): boolean => takesNew(deps.stateOf(set));
  const breakers = deps.stores.map((store) =>
    createBreaker({
      ...deps,
      store,
      mayProbe: () => isUp(store),
      onChange: (state, code) => deps.onChange?.(store.set, state, code),
    }),
  );
  const isNear = (breaker: Breaker): boolean => breaker.store.region === deps.region;

  return {
    choose({ except, isFree } = {}) {
      const used = breakers.filter((breaker) => isUp(breaker.store));
      if (used.length === 0) return { type: "none", retryAfterMs: NONE_UP_RETRY_MS };
      const healthy = used.filter((breaker) => breaker.state === "closed" && !except?.has(breaker.store.set));
      const near = healthy.filter(isNear);
      const pool = near.length > 0 ? near : healthy;
      if (pool.length === 0) return { type: "none", retryAfterMs: probeSoonest(used) };
      const free = isFree === undefined ? pool : pool.filter((breaker) => isFree(breaker.store.set));
      const chosen = pick(free, deps.random);
      return chosen === undefined ? { type: "busy" } : { type: "chosen", store: chosen.store };
    },
    commit(store, step) {
      const breaker = breakers.find((candidate) => candidate.store === store);
      if (breaker === undefined)
        throw new RangeError(`Cannot commit as set '${store.set}' is not one of the chooser's`);
      return breaker.commit(step);
    },
    health: () => breakers.map((breaker) => ({ set: breaker.store.set, near: isNear(breaker), state: breaker.state })),
    [Symbol.dispose]() {
      for (const breaker of breakers) breaker[Symbol.dispose]();
    },
  };
}

/** With none closed, asks the one that is due soonest now. Returns when an answer is worth coming back for. */
function probeSoonest(breakers: readonly Breaker[]): number {
  const open = breakers.filter((breaker) => breaker.state === "open").sort((a, b) => a.dueInMs() - b.dueInMs());
  const probing = breakers.some((breaker) => breaker.state === "half_open");
  const retryAfterMs = open[0]?.dueInMs() ?? 0;
  if (!probing && breakers.every((breaker) => breaker.state !== "closed")) open[0]?.probeEarly();
  return retryAfterMs;
}
