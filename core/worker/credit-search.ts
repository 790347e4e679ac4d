/**
 * Looks for credit on other sets beside the work on one: what accounts have over all sets, and fetching what is
 * missing. Nobody waits for it, as a set that hangs would hold up the messages of those who can pay; the messages that
 * lack it come back, and find what it has learnt.
 */
import { isInUse, maySend } from "#core/directory/set-states.ts";
import { SLOTS } from "#core/ledger/allotments.ts";
import type { Total } from "#core/ledger/batch-credit.ts";
import { type CreditView, createCreditView } from "#core/ledger/credit-view.ts";
import { atRest, type Found, findCredit, isTurnOf, planFetch, type Sources } from "#core/ledger/move-credit.ts";
import { type Store, StoreError } from "#core/store/store.ts";
import type { AccountId, SetId } from "#domain/ids.ts";
import type { Micros } from "#domain/money.ts";
import type { WorkContext } from "./work-context.ts";

/** Accounts whose totals are kept: the messages of one that is forgotten wait for another look. */
const TOTALS_MAX = 10_000;

export interface CreditSearch {
  readonly totals: ReadonlyMap<AccountId, Total>;
  /** What these accounts lack on this set, for messages that are short of it for the first time or not. */
  ask(missing: ReadonlyMap<AccountId, Micros>, isFirst: boolean): void;
}

type SearchContext = Pick<WorkContext, "stores" | "directory" | "clock" | "mint" | "log" | "creditOf">;

/** What a worker knows of the money on every set it works for, and the slots that are its own. */
export function createWorkerCredit(
  means: Omit<SearchContext, "creditOf"> & Pick<WorkContext, "random">,
): Pick<WorkContext, "ownSlot" | "creditOf" | "creditSearch"> {
  const views = new Map<SetId, CreditView>();
  const searches = new Map<SetId, CreditSearch>();
  const creditOf = (store: Store) => getOrMake(views, store.set, () => createCreditView(store));
  return {
    ownSlot: Math.floor(means.random.fraction() * SLOTS),
    creditOf,
    creditSearch: (store) => getOrMake(searches, store.set, () => createCreditSearch({ ...means, creditOf }, store)),
  };
}

function getOrMake<Value>(known: Map<SetId, Value>, set: SetId, make: () => Value): Value {
  const value = known.get(set) ?? make();
  known.set(set, value);
  return value;
}

function createCreditSearch(context: SearchContext, own: Store): CreditSearch {
  const { clock, mint } = context;
  const totals = new Map<AccountId, Total>();
  /** Sets that have not yet answered to the last fetch. */
  const fetching = new Set<Store>();
  let wanted = new Map<AccountId, Micros>();
  let isFirstWanted = false;
  let running = false;

  async function run(): Promise<void> {
    running = true;
    while (wanted.size > 0) {
      const [missing, isFirst] = [wanted, isFirstWanted];
      wanted = new Map();
      isFirstWanted = false;
      await search(missing, isFirst).catch((error: unknown) => {
        // The set itself did not answer: its loop says so.
        if (!(error instanceof StoreError))
          context.log.error("defect", { where: "credit search", error: String(error) });
      });
    }
    running = false;
  }

  async function search(missing: ReadonlyMap<AccountId, Micros>, isFirst: boolean): Promise<void> {
    const askedAt = clock.now();
    const sources = sourcesFor(context, own);
    const accounts = [...missing.keys()];
    const found = await findCredit(sources, accounts);
    context.creditOf(own).learn(accounts, found.own.held);
    if (totals.size + accounts.length > TOTALS_MAX) totals.clear();
    for (const [account, total] of found.totals) totals.set(account, { ...total, askedAt });
    const fetched = toFetch(sources, { missing, isFirst, now: clock.now() }, found);
    const free = new Map([...found.bySet].filter(([store]) => !fetching.has(store)));
    for (const [store, step] of planFetch({ mint, now: clock.now() }, own.set, fetched, free)) {
      fetching.add(store);
      // How it went is not asked: what was not sent is missed again, and looked for again.
      void store.commit(step).finally(() => fetching.delete(store));
    }
  }

  return {
    totals,
    ask(missing, isFirst) {
      for (const [account, micros] of missing) wanted.set(account, micros);
      isFirstWanted ||= isFirst;
      if (!running) void run();
    },
  };
}

/** Whoever is short for the first time takes what lies there; then only the set whose turn it is asks again. */
function toFetch(
  { own, others, closed }: Sources,
  {
    missing,
    isFirst,
    now,
  }: { readonly missing: ReadonlyMap<AccountId, Micros>; readonly isFirst: boolean; readonly now: number },
  { bySet }: Found,
): ReadonlyMap<AccountId, Micros> {
  if (isTurnOf(own.set, [...others.map(({ set }) => set), ...closed], now)) return missing;
  return isFirst ? atRest(missing, bySet) : new Map();
}

function sourcesFor({ clock, directory, stores }: SearchContext, own: Store): Sources {
  const others = [...stores.values()].filter(({ set }) => set !== own.set && isInUse(directory.stateOf(set)));
  const open = others.filter(({ set }) => maySend(directory.stateOf(set)));
  const closed = others.filter((store) => !open.includes(store)).map(({ set }) => set);
  return { clock, own, others: open, closed: [...closed, ...directory.unknownSets()] };
}
