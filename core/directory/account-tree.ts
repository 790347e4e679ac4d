/**
 * Whose customer each account is: resellers run accounts under them, to any depth up to a bound, and what is taken from
 * an account is taken from all below it. Pure.
 */
import { z } from "zod";
import { type AccountId, accountIdSchema } from "#domain/ids.ts";
import { type MessageClass, messageClasses, messageClassSchema } from "#domain/lane.ts";

/** Accounts from a customer up to the top, both counted. Each level is charged for each message. */
export const ACCOUNT_DEPTH_MAX = 16;

/**
 * `suspended`: it sends nothing new; what was accepted goes on, and it may ask for it. `closed`: its keys and binds are
 * none any more; what was accepted still goes on.
 */
export const accountStatuses = ["active", "suspended", "closed"] as const;
export type AccountStatus = (typeof accountStatuses)[number];

export const treeFields = {
  /** Whose customer it is; absent: the platform's own. */
  parent: accountIdSchema.optional(),
  status: z.enum(accountStatuses).default("active"),
  /** What it may send, as far as those above it may; absent: whatever they may. */
  classes: z.array(messageClassSchema).min(1).optional(),
};

export interface TreeAccount {
  readonly id: AccountId;
  readonly parent?: AccountId | undefined;
  readonly status: AccountStatus;
  readonly classes?: readonly MessageClass[] | undefined;
}

/** What an account may do, with all that is above it. */
export interface Standing {
  /** The worst of its own and of those above it. */
  readonly status: AccountStatus;
  /** In the order of their urgency. */
  readonly classes: readonly MessageClass[];
}

/** What an account may do whose chain this is; empty: one that there is not. */
export function standingOf(chain: readonly TreeAccount[]): Standing {
  const worst = Math.max(0, ...chain.map(({ status }) => accountStatuses.indexOf(status)));
  const classes = messageClasses.filter((one) => chain.every((account) => account.classes?.includes(one) ?? true));
  return { status: accountStatuses[worst] ?? "active", classes };
}

/**
 * The account itself, its parent, and so on to the top; empty for one that there is not. One that is below itself, or
 * too deep, is cut off at ACCOUNT_DEPTH_MAX.
 */
export function chainOf<Account extends TreeAccount>(id: AccountId, accounts: Accounts<Account>): readonly Account[] {
  const chain: Account[] = [];
  for (let at = accounts.get(id); at !== undefined && chain.length < ACCOUNT_DEPTH_MAX; ) {
    chain.push(at);
    at = at.parent === undefined ? undefined : accounts.get(at.parent);
  }
  return chain;
}

/** Undefined: its place in the tree is right. */
export function treeProblem(account: TreeAccount, accounts: Accounts<TreeAccount>): string | undefined {
  const { id, parent } = account;
  if (parent === undefined) return undefined;
  if (accounts.get(parent) === undefined) return `there is no account '${parent}': make it first`;
  const top = chainOf(id, accounts).at(-1);
  if (top?.parent === undefined || accounts.get(top.parent) === undefined) return undefined;
  return `'${id}' is below itself, or more than ${ACCOUNT_DEPTH_MAX} levels down: give it another parent`;
}

interface Accounts<Account extends TreeAccount> {
  get(id: AccountId): Account | undefined;
}
