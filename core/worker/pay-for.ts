/**
 * The money of one step of stage *charge*: what its messages are paid from on their own set, and what is looked for on
 * other sets where that is not enough. Nothing is taken here: the step's charges do that, or the step is refused.
 */
import type { Directory } from "#core/directory/directory.ts";
import type { PipelineResult } from "#core/handlers/run-pipeline.ts";
import { type BatchCredit, createBatchCredit } from "#core/ledger/batch-credit.ts";
import { createPurse } from "#core/ledger/purse.ts";
import type { Charge } from "#core/store/charge.ts";
import type { Store } from "#core/store/store.ts";
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
  /** Pure: it may be asked twice. */
  readonly run: (credit: BatchCredit) => PipelineResult;
}

export async function payFor(context: WorkContext, { directory, store, items, run }: Batch): Promise<Paid> {
  const limited = limitedAccounts(directory, items);
  const view = context.creditOf(store);
  const search = context.creditSearch(store);
  const isFirst = items.some(({ creditSince }) => creditSince === undefined);

  async function pay(): Promise<Paid & { readonly missing: ReadonlyMap<AccountId, Micros> }> {
    const held = limited.size === 0 ? new Map() : await view.read([...limited]);
    const purse = createPurse(held, context.ownSlot);
    const credit = createBatchCredit(purse, search.totals);
    const result = run(credit);
    return { result, charges: purse.charges(), missing: credit.missing() };
  }

  const first = await pay();
  if (first.missing.size === 0) return first;
  // Others may have brought money to this set.
  view.forget([...first.missing.keys()]);
  const second = await pay();
  if (second.missing.size > 0) search.ask(second.missing, isFirst);
  return second;
}

/** All that pay for these messages and may not pay more than they have. */
function limitedAccounts(directory: Directory, items: readonly InboxItem[]): ReadonlySet<AccountId> {
  const senders = new Set(items.map(({ account }) => account));
  const payers = [...senders].flatMap((account) => directory.chain(account));
  return new Set(payers.filter(({ credit }) => credit === "limited").map(({ id }) => id));
}
