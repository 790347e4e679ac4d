/**
 * Money that lies on one set and is needed on another: what the accounts have elsewhere, and carrying it. It leaves a
 * set in the step that puts it on the lane to the other one, and is counted there once, by the id of its item. Until
 * then it is nobody's to spend, and `sent` less `landed` says how much that is.
 */
import type { Clock } from "#domain/clock.ts";
import type { AccountId, IdMint, SetId } from "#domain/ids.ts";
import type { RelayItem } from "#domain/item.ts";
import { lanes } from "#domain/lane.ts";
import type { LedgerEntry } from "#domain/ledger-entry.ts";
import { type Micros, toMicros, toMicrosText } from "#domain/money.ts";
import type { Random } from "#domain/random.ts";
import { allotmentId, type Charge } from "../store/charge.ts";
import { moneyKey, moneyKeyId } from "../store/effect-keys.ts";
import { inTime } from "../store/in-time.ts";
import type { SendKeyId, Step, Store } from "../store/store.ts";
import {
  type Holding,
  landedFrom,
  type ReadHoldings,
  readHoldings,
  SLOTS,
  sentTo,
  spendableOver,
} from "./allotments.ts";
import type { Total } from "./batch-credit.ts";
import { createPurse } from "./purse.ts";
import { takeRichest } from "./take-richest.ts";

/** Who is asked for what is missing, and does not say within this time, does not answer: others' messages wait too. */
const ASK_MS = 1_000;

export interface Sources {
  readonly clock: Clock;
  /** The set where it is needed. */
  readonly own: Store;
  /** The others in use that money may be taken from. */
  readonly others: readonly Store[];
  /** Sets in use that it cannot be taken from now, such as one that is read only. */
  readonly closed: readonly SetId[];
}

export interface Found {
  /** The slots on the own set, read at the same moment as what is on its way to it. */
  readonly own: ReadHoldings;
  /** What each may spend over all sets that answered, with what is on its way. */
  readonly totals: ReadonlyMap<AccountId, Omit<Total, "askedAt">>;
  readonly bySet: ReadonlyMap<Store, ReadHoldings>;
}

/** What these accounts have on every set that answers. Throws StoreError where the own one does not. */
export async function findCredit(sources: Sources, accounts: readonly AccountId[]): Promise<Found> {
  const { own, others, closed } = sources;
  const sets = [own, ...others].map(({ set }) => set);
  const ask = (store: Store): Promise<ReadHoldings> =>
    readHoldings(
      store,
      accounts,
      [...sets, ...closed].filter((set) => set !== store.set),
    );
  const [mine, ...theirs] = await Promise.all([
    ask(own),
    ...others.map(async (store) => [store, await inTime(sources.clock, ask(store), ASK_MS)] as const),
  ]);
  const answered = theirs.flatMap(([store, held]) => (held === undefined ? [] : [[store, held] as const]));
  const isAll = answered.length === others.length && closed.length === 0;
  const totals = accounts.map((account): [AccountId, Omit<Total, "askedAt">] => {
    const micros = spendableOver([mine, ...answered.map(([, held]) => held)].map((held) => holdingOf(held, account)));
    // What came from a set that does not answer counts as landed and not as sent: it is no debt.
    const here = holdingOf(mine, account).spendable;
    return [account, { micros: isAll || micros > here ? micros : here, isAll }];
  });
  return { own: mine, totals: new Map(totals), bySet: new Map(answered) };
}

const NOTHING = 0n as Micros;
const nothing: Holding = { spendable: NOTHING, sent: NOTHING, landed: NOTHING, lent: NOTHING, kept: NOTHING };
function holdingOf({ holdings }: ReadHoldings, account: AccountId): Holding {
  return holdings.get(account) ?? nothing;
}

/**
 * Sets that each lack what the others have would swap it for ever: who got nothing at first asks again only while it
 * is its set's turn. As long as money takes to come and be spent, and no longer: the others wait.
 */
const TURN_MS = 1_000;

/** Whether it is the turn of `own` among the sets in use, by the clock that all processes share more or less. */
export function isTurnOf(own: SetId, sets: readonly SetId[], now: number): boolean {
  const order = [...new Set([own, ...sets])].sort();
  return order[Math.floor(now / TURN_MS) % order.length] === own;
}

/** Of these accounts, those whose missing money is there, and not still on its way somewhere. */
export function atRest(
  missing: ReadonlyMap<AccountId, Micros>,
  bySet: ReadonlyMap<Store, ReadHoldings>,
): ReadonlyMap<AccountId, Micros> {
  const there = (account: AccountId): bigint =>
    [...bySet.values()].reduce((sum, held) => sum + holdingOf(held, account).spendable, 0n);
  return new Map([...missing].filter(([account, micros]) => there(account) >= micros));
}

/**
 * The steps that send what is missing on `own` from the sets that have it, as `takeRichest` has it, so that the next
 * batch need not ask again.
 */
export function planFetch(
  deps: { readonly mint: IdMint; readonly now: number },
  own: SetId,
  missing: ReadonlyMap<AccountId, Micros>,
  bySet: ReadonlyMap<Store, ReadHoldings>,
): ReadonlyMap<Store, Step> {
  const fetched = new Map<Store, Map<AccountId, Micros>>();
  const stores = [...bySet];
  for (const [account, micros] of missing) {
    const there = stores.map(([, held]) => holdingOf(held, account).spendable);
    for (const [i, amount] of takeRichest(there, micros).entries()) {
      const [store] = stores[i] ?? [];
      if (store === undefined || amount <= 0n) continue;
      fetched.set(store, (fetched.get(store) ?? new Map<AccountId, Micros>()).set(account, amount as Micros));
    }
  }
  return new Map(
    [...fetched].map(([store, amounts]) => {
      const purse = createPurse(bySet.get(store)?.held ?? new Map(), 0);
      purse.take([...amounts].map(([account, micros]) => ({ account, micros })));
      const step = sendStep(deps, { from: store.set, to: own, amounts });
      return [store, { ...step, charges: [...purse.charges(), ...step.charges] }];
    }),
  );
}

/** Money that leaves a set for another. What it is taken from there is not in it. */
export function sendStep(
  { mint, now }: { readonly mint: IdMint; readonly now: number },
  { from, to, amounts }: { readonly from: SetId; readonly to: SetId; readonly amounts: ReadonlyMap<AccountId, Micros> },
): Required<Pick<Step, "charges" | "entries" | "chunks">> {
  const id = mint.unique();
  const all = [...amounts].map(([account, micros]) => ({ account, micros, text: toMicrosText(micros) }));
  const credit = all.map(({ account, text }) => ({ account, micros: text, fromSet: from }));
  const item: RelayItem = { id, events: [], optOuts: [], credit };
  return {
    charges: all.map(({ account, micros }) => ({ allotment: sentTo(account, to), micros: -micros as Micros })),
    entries: all.map(({ account, text }) => ({ type: "sent", id, at: now, account, micros: text, toSet: to })),
    chunks: [{ id: mint.chunkId(), lane: lanes.relay(to), items: [item] }],
  };
}

/** What it means on the set it was sent to, once. */
export function landStep(
  items: readonly RelayItem[],
  deps: { readonly random: Random; readonly now: number },
): Pick<Step, "charges" | "entries" | "sendKeys"> {
  const carrying = items.filter(({ credit }) => credit !== undefined);
  if (carrying.length === 0) return {};
  const landed = carrying.flatMap(({ id, credit = [] }) => credit.map((one) => ({ ...one, id })));
  const slot = Math.floor(deps.random.fraction() * SLOTS);
  return {
    charges: mergeCharges(
      landed.flatMap(({ account, micros, fromSet }) =>
        [allotmentId(account, slot), landedFrom(account, fromSet)].map((allotment) => ({
          allotment,
          micros: -toMicros(micros) as Micros,
        })),
      ),
    ),
    entries: landed.map((one): LedgerEntry => ({ type: "landed", at: deps.now, ...one })),
    sendKeys: carrying.map(({ id }) => moneyKey(landingOf(id), deps.now)),
  };
}

const landingOf = (id: string): string => `landed ${id}`;
/** The key that says that this item's money has landed. */
export function landedKey({ id }: Pick<RelayItem, "id">): SendKeyId {
  return moneyKeyId(landingOf(id));
}

/** Each allotment once. */
export function mergeCharges(charges: readonly Charge[]): readonly Charge[] {
  const merged = new Map<Charge["allotment"], Charge>();
  for (const charge of charges) {
    const before = merged.get(charge.allotment)?.micros ?? 0n;
    merged.set(charge.allotment, { ...charge, micros: (before + charge.micros) as Micros });
  }
  return [...merged.values()].filter(({ micros }) => micros !== 0n);
}
