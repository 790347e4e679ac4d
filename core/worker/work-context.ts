/** What every stage of the worker is given. */

import type { LiveDirectory } from "#core/directory/open-directory.ts";
import { isInUse } from "#core/directory/set-states.ts";
import type { CreditView } from "#core/ledger/credit-view.ts";
import type { Counter, Histogram } from "#core/metrics/metrics.ts";
import type { Store } from "#core/store/store.ts";
import type { Clock } from "#domain/clock.ts";
import type { IdMint, SetId } from "#domain/ids.ts";
import type { Logger } from "#domain/log.ts";
import type { Random } from "#domain/random.ts";
import type { CreditSearch } from "./credit-search.ts";

export interface WorkContext {
  /** Of each account, the slot that this process uses as long as there is money in it. */
  readonly ownSlot: number;
  /** What is known of the money on this set. */
  creditOf(store: Store): CreditView;
  /** What is known of the money on all sets, for the work on this one. */
  creditSearch(store: Store): CreditSearch;
  readonly stores: ReadonlyMap<SetId, Store>;
  readonly directory: LiveDirectory;
  readonly clock: Clock;
  readonly random: Random;
  readonly mint: IdMint;
  readonly log: Logger;
  /** Items by stage and outcome. */
  readonly items: Counter;
  /** What it takes to build a step, by stage: handlers and what they ask, without its commit. */
  readonly buildSeconds: Histogram;
}

/** The sets that may be asked and written. One that is retired may be gone for good: nobody waits for its answer. */
export function usedStores({ stores, directory }: Pick<WorkContext, "stores" | "directory">): readonly Store[] {
  return [...stores.values()].filter(({ set }) => isInUse(directory.stateOf(set)));
}
