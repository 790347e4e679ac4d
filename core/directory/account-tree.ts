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

export interface AccountTree<Account extends TreeAccount> {
  /** The account itself, its parent, and so on to the top; empty for one that there is not. */
  chain(id: AccountId): readonly Account[];
  /** Undefined: there is no such account. */
  standing(id: AccountId): Standing | undefined;
}

/** `accounts` must have no problems, see `treeProblems`. */
export function createAccountTree<Account extends TreeAccount>(
  accounts: ReadonlyMap<AccountId, Account>,
): AccountTree<Account> {
  const standings = new Map<AccountId, Standing>();
  const chain = (id: AccountId): readonly Account[] => [...upFrom(accounts.get(id), accounts)];
  return {
    chain,
    standing(id) {
      const known = standings.get(id);
      if (known !== undefined) return known;
      if (!accounts.has(id)) return undefined;
      const standing = standingOf(chain(id));
      standings.set(id, standing);
      return standing;
    },
  };
}

function standingOf(chain: readonly TreeAccount[]): Standing {
  const worst = Math.max(...chain.map(({ status }) => accountStatuses.indexOf(status)));
  const classes = messageClasses.filter((one) => chain.every((account) => account.classes?.includes(one) ?? true));
  return { status: accountStatuses[worst] ?? "active", classes };
}

function* upFrom<Account extends TreeAccount>(
  start: Account | undefined,
  accounts: ReadonlyMap<AccountId, Account>,
): Iterable<Account> {
  let depth = 0;
  for (let at = start; at !== undefined && depth < ACCOUNT_DEPTH_MAX; depth++) {
    yield at;
    at = at.parent === undefined ? undefined : accounts.get(at.parent);
  }
}

/** What is wrong with the tree, by the place of the account that it is wrong with. */
export function treeProblems(accounts: readonly TreeAccount[]): readonly TreeProblem[] {
  const byId = new Map(accounts.map((account) => [account.id, account]));
  return accounts.flatMap((account, index): readonly TreeProblem[] => {
    const { parent } = account;
    if (byId.get(account.id) !== account) {
      return [{ index, field: "id", message: `'${account.id}' is the id of another account: give each its own` }];
    }
    if (parent === undefined) return [];
    if (!byId.has(parent)) {
      return [{ index, field: "parent", message: `there is no account '${parent}': make it first` }];
    }
    const top = [...upFrom(account, byId)].at(-1);
    if (top?.parent === undefined || !byId.has(top.parent)) return [];
    const why = `'${account.id}' is below itself, or more than ${ACCOUNT_DEPTH_MAX} levels down`;
    const message = `${why}: give it another parent`;
    return [{ index, field: "parent", message }];
  });
}

interface TreeProblem {
  readonly index: number;
  readonly field: "id" | "parent";
  readonly message: string;
}
