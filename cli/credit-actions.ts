/** What an operator asks of the credit of accounts and does with it. */
import type { Account } from "#core/directory/account.ts";
import type { Directory } from "#core/directory/directory.ts";
import { isInUse, maySend } from "#core/directory/set-states.ts";
import {
  type Changed,
  type Credit,
  type CreditChange,
  type CreditContext,
  changeCredit,
  readCredit,
} from "#core/ledger/change-credit.ts";
import type { AccountId } from "#domain/ids.ts";
import { formatAmount, type Micros } from "#domain/money.ts";
import { systemRandom } from "#domain/random.ts";
import type { OperatorContext } from "./as-operator.ts";
import { viewSets } from "./sets-actions.ts";

/** Nothing was changed. */
class CreditRefusedError extends Error {
  override readonly name = "CreditRefusedError";
  readonly code = "credit_refused";
  readonly retryable = false;
}

/** `limit`: what it is to be. */
export type Asked = { readonly account: AccountId; readonly micros: Micros } & (
  | { readonly type: "paid" | "limit" }
  | { readonly type: "transferred"; readonly to: AccountId }
);

interface Options {
  readonly json?: boolean;
  readonly id?: string;
  readonly note?: string;
}

interface Business {
  readonly directory: Directory;
  readonly credit: CreditContext;
}

/** The directory and the sets, as they are used now. Throws SetsRefusedError where no set tells of them. */
export async function openBusiness({ stores, clock, mint }: OperatorContext): Promise<Business> {
  const view = await viewSets({ stores });
  const used = view.sets.filter(({ state }) => isInUse(state));
  const open = used.flatMap(({ state, answer, store }) =>
    answer?.standing === "in_service" && maySend(state) && store !== undefined ? [store] : [],
  );
  const closed = used.flatMap(({ set, store }) => (store !== undefined && open.includes(store) ? [] : [set]));
  return { directory: view.directory, credit: { stores: open, closed, clock, mint, random: systemRandom } };
}

export async function showCredit(context: OperatorContext, id: AccountId, options: Options): Promise<boolean> {
  const { directory, credit } = await openBusiness(context);
  const account = findAccount(directory, id);
  const held = await creditOf(credit, id);
  const lines = options.json === true ? [JSON.stringify(toJson(account, held))] : toLines(account, held);
  for (const line of lines) context.out(line);
  return true;
}

export async function changeAccount(context: OperatorContext, asked: Asked, options: Options): Promise<boolean> {
  const { directory, credit } = await openBusiness(context);
  const account = findAccount(directory, asked.account);
  const shared = { currency: account.currency, actor: context.env.USER ?? "operator" };
  const noted = options.note === undefined ? shared : { ...shared, note: options.note };
  const change = await toChange({ directory, credit }, account, asked, noted);
  if (change.micros === 0n) throw new CreditRefusedError(`Nothing to do: that is how ${account.id} stands.`);
  const changed = await changeCredit(credit, change, options.id);
  const problem = whyNot(changed, change);
  if (problem !== undefined) throw new CreditRefusedError(problem);
  const held = await creditOf(credit, account.id);
  if (options.json === true)
    context.out(JSON.stringify({ ...idOf(changed), done: changed.type, ...toJson(account, held) }));
  else {
    if (changed.type === "repeated") context.out(`It had been done before.`);
    for (const line of toLines(account, held)) context.out(line);
  }
  return true;
}

async function toChange(
  { directory, credit }: Business,
  account: Account,
  asked: Asked,
  noted: Pick<CreditChange, "currency" | "actor" | "note">,
): Promise<CreditChange> {
  switch (asked.type) {
    case "paid":
      return { ...noted, type: "paid", account: account.id, micros: asked.micros };
    case "limit": {
      const { limit, silent } = await creditOf(credit, account.id);
      if (silent.length > 0) {
        throw new CreditRefusedError(`Cannot tell what the limit is as ${silent.join(" and ")} cannot be asked.`);
      }
      return { ...noted, type: "lent", account: account.id, micros: (asked.micros - limit) as Micros };
    }
    case "transferred": {
      const to = findAccount(directory, asked.to);
      if (asked.micros <= 0n)
        throw new CreditRefusedError("A transfer is of more than nothing: name them the other way round.");
      if (to.parent !== account.id && account.parent !== to.id) {
        throw new CreditRefusedError(`${to.id} is neither right above nor right below ${account.id}.`);
      }
      if (to.currency !== account.currency) {
        throw new CreditRefusedError(`${to.id} has ${to.currency} and ${account.id} ${account.currency}.`);
      }
      return { ...noted, type: "transferred", account: account.id, to: to.id, micros: asked.micros };
    }
  }
}

function idOf(changed: Changed): { readonly id?: string } {
  return "id" in changed ? { id: changed.id } : {};
}

/** Undefined: it was done. */
function whyNot(changed: Changed, { account, currency }: CreditChange): string | undefined {
  switch (changed.type) {
    case "changed":
    case "repeated":
      return undefined;
    case "short": {
      const most = `${account} may spend ${formatAmount(changed.spendable)} ${currency}`;
      return `Nothing was changed: ${most}${changed.isAll ? "" : " on the sets that answer"}.`;
    }
    case "late":
      return "Nothing was changed: the money is on other sets, and has not come from there. Try again.";
    case "unreachable":
      return `Nothing was changed: ${changed.sets.join(" and ")} cannot be reached.`;
    case "unknown":
      return `${changed.set} has not said whether it was done: repeat it with --id ${changed.id}.`;
  }
}

/** Throws CreditRefusedError. */
export function findAccount(directory: Directory, id: AccountId): Account {
  const account = directory.account(id);
  if (account === undefined) throw new CreditRefusedError(`There is no account '${id}'.`);
  return account;
}

async function creditOf(context: CreditContext, id: AccountId): Promise<Credit> {
  const credit = (await readCredit(context, [id])).get(id);
  if (credit === undefined) throw new CreditRefusedError("No set answers.");
  return credit;
}

function toJson({ id, currency, credit: held }: Account, credit: Credit): object {
  const { balance, spendable, limit, onItsWay, bySet, silent } = credit;
  return {
    ...{ account: id, currency, credit: held },
    ...{ balanceMicros: `${balance}`, spendableMicros: `${spendable}`, limitMicros: `${limit}` },
    onItsWayMicros: `${onItsWay}`,
    sets: Object.fromEntries([...bySet].map(([set, one]) => [set, `${one.spendable}`])),
    silent,
  };
}

function toLines(account: Account, { balance, spendable, limit, onItsWay, bySet, silent }: Credit): readonly string[] {
  const { id, currency, credit } = account;
  const amount = (micros: Micros): string => `${formatAmount(micros)} ${currency}`;
  const where = [...bySet].map(([set, one]) => `${set} ${formatAmount(one.spendable)}`);
  if (onItsWay !== 0n) where.push(`on its way ${formatAmount(onItsWay)}`);
  return [
    `${id}: balance ${amount(balance)}, limit ${amount(limit)}, may spend ${amount(spendable)} (${where.join(", ")})`,
    ...(silent.length > 0 ? [`Not counted, as they cannot be asked: ${silent.join(", ")}.`] : []),
    ...(credit === "unlimited" ? ["Its credit is unlimited: what it sends is billed, and not taken from this."] : []),
  ];
}
