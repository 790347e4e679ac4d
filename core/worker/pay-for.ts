/**
 * The money of one step of stage *charge*: what its messages are paid from on their own set, and what is fetched from
 * other sets where that is not enough. Nothing is taken here: the step's charges do that, or the step is refused.
 */
import type { Directory } from "#core/directory/directory.ts";
import { isInUse, maySend } from "#core/directory/set-states.ts";
import type { PipelineResult } from "#core/handlers/run-pipeline.ts";
import { type BatchCredit, createBatchCredit, type Elsewhere } from "#core/ledger/batch-credit.ts";
import { atRest, type Found, findCredit, isTurnOf, planFetch, type Sources } from "#core/ledger/move-credit.ts";
import { createPurse } from "#core/ledger/purse.ts";
import type { AllotmentId, Charge, Store } from "#core/store/store.ts";
import type { AccountId } from "#domain/ids.ts";
import type { InboxItem } from "#domain/item.ts";
import type { Micros } from "#domain/money.ts";
import type { WorkContext } from "./work-context.ts";

interface Paid {
  readonly result: PipelineResult;
  readonly charges: readonly Charge[];
}

interface Batch {
  readonly directory: Directory;
  readonly store: Store;
  readonly items: readonly InboxItem[];
  readonly now: number;
  /** Pure: it may be asked twice. */
  readonly run: (credit: BatchCredit) => PipelineResult;
}

export async function payFor(context: WorkContext, batch: Batch): Promise<Paid> {
  const { directory, store, items } = batch;
  const limited = limitedAccounts(directory, items);
  const view = context.creditOf(store);
  const held = limited.size === 0 ? NO_MONEY : await view.read([...limited]);
  const first = pay(batch, { limited, held, elsewhere: new Map() }, context.ownSlot);
  if (first.missing.size === 0) return first;

  const accounts = [...first.missing.keys()];
  const sources = sourcesFor(context, store);
  const found = await findCredit(sources, accounts);
  view.learn(accounts, found.own.held);
  const known = await view.read([...limited]);
  const second = pay(batch, { limited, held: known, elsewhere: found.elsewhere }, context.ownSlot);
  const fetched = toFetch(sources, batch, second.missing, found);
  const fetches = planFetch({ mint: context.mint, now: batch.now }, store.set, fetched, found.bySet);
  // How it went is not asked: what was not sent is missed again, and looked for again.
  await Promise.all([...fetches].map(([source, step]) => source.commit(step)));
  return second;
}

/** Whoever is short for the first time takes what lies there; then only the set whose turn it is asks again. */
function toFetch(
  { own, others, closed }: Sources,
  { items, now }: Batch,
  missing: ReadonlyMap<AccountId, Micros>,
  { bySet }: Found,
): ReadonlyMap<AccountId, Micros> {
  if (isTurnOf(own.set, [...others.map(({ set }) => set), ...closed], now)) return missing;
  return items.some(({ creditSince }) => creditSince === undefined) ? atRest(missing, bySet) : new Map();
}

const NO_MONEY: ReadonlyMap<AllotmentId, Micros> = new Map();

interface Money {
  readonly limited: ReadonlySet<AccountId>;
  readonly held: ReadonlyMap<AllotmentId, Micros>;
  readonly elsewhere: ReadonlyMap<AccountId, Elsewhere>;
}

function pay(
  { run }: Batch,
  { limited, held, elsewhere }: Money,
  ownSlot: number,
): Paid & { readonly missing: ReadonlyMap<AccountId, Micros> } {
  const purse = createPurse(held, ownSlot);
  const credit = createBatchCredit(purse, (account) => limited.has(account), elsewhere);
  const result = run(credit);
  return { result, charges: purse.charges(), missing: credit.missing() };
}

/** All that pay for these messages and may not pay more than they have. */
function limitedAccounts(directory: Directory, items: readonly InboxItem[]): ReadonlySet<AccountId> {
  const senders = new Set(items.map(({ account }) => account));
  const payers = [...senders].flatMap((account) => directory.chain(account));
  return new Set(payers.filter(({ credit }) => credit === "limited").map(({ id }) => id));
}

function sourcesFor({ clock, directory, stores }: WorkContext, own: Store): Sources {
  const others = [...stores.values()].filter(({ set }) => set !== own.set && isInUse(directory.stateOf(set)));
  const open = others.filter(({ set }) => maySend(directory.stateOf(set)));
  const closed = others.filter((store) => !open.includes(store)).map(({ set }) => set);
  return { clock, own, others: open, closed: [...closed, ...directory.unknownSets()] };
}
