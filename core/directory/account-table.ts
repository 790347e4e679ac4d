/** All accounts, and what they are found by, packed; those that are asked for are kept as objects for a while. Pure. */
import type { AccountId, PriceListId } from "#domain/ids.ts";
import { type Account, accountSchema } from "./account.ts";
import { createPacking, emptyTable, type PackedTable } from "./packed-table.ts";

/** Accounts at work: at 1 KB each 8 MB at most. One that is not here takes 3 us. */
const RECENT_MAX = 8_192;

export interface AccountTable {
  get(id: AccountId): Account | undefined;
  /** Its price list, without a look at anything else: it is asked for every price. */
  listOf(id: AccountId): PriceListId | undefined;
  ids(): Iterable<AccountId>;
  values(): Iterable<Account>;
  /** Whose key or bind has this name. */
  holderOf(kind: "key" | "systemId", name: string): AccountId | undefined;
  /** Undefined takes an account out. */
  with(changes: ReadonlyMap<AccountId, Account | undefined>): AccountTable;
}

interface Tables {
  /** Rows: the price list, line feed, JSON. */
  readonly accounts: PackedTable;
  /** Rows: the id of the account. */
  readonly keys: PackedTable;
  readonly systemIds: PackedTable;
}

export const emptyAccounts: AccountTable = createTable(
  { accounts: emptyTable, keys: emptyTable, systemIds: emptyTable },
  new Map(),
);

function createTable(tables: Tables, recent: Map<AccountId, Account>): AccountTable {
  function get(id: AccountId): Account | undefined {
    const known = recent.get(id);
    if (known !== undefined) return known;
    const row = tables.accounts.get(id);
    if (row === undefined) return undefined;
    const account = accountOf(row);
    const [oldest] = recent.size < RECENT_MAX ? [] : recent.keys();
    if (oldest !== undefined) recent.delete(oldest);
    recent.set(id, account);
    return account;
  }
  return {
    get,
    listOf: (id) => (tables.accounts.firstLine(id) || undefined) as PriceListId | undefined,
    *ids() {
      for (const [id] of tables.accounts.entries()) yield id as AccountId;
    },
    *values() {
      for (const [, row] of tables.accounts.entries()) yield accountOf(row);
    },
    holderOf: (kind, name) => (kind === "key" ? tables.keys : tables.systemIds).get(name) as AccountId | undefined,
    with(changes) {
      if (changes.size === 0) return this;
      const stay = new Map([...recent].filter(([id]) => !changes.has(id)));
      const rows = new Map(
        [...changes].map(([id, account]) => [id, account && rowOf(account, JSON.stringify(account))] as const),
      );
      const find = (namesOf: (account: Account) => readonly string[]) =>
        indexChanges(changes, { before: get, namesOf });
      return createTable(
        {
          accounts: tables.accounts.with(rows),
          keys: tables.keys.with(find(keyIds)),
          systemIds: tables.systemIds.with(find(systemIds)),
        },
        stay,
      );
    },
  };
}

/** Names that no account has any more, and those that one has now. */
function indexChanges(
  changes: ReadonlyMap<AccountId, Account | undefined>,
  of: {
    readonly before: (id: AccountId) => Account | undefined;
    readonly namesOf: (account: Account) => readonly string[];
  },
): ReadonlyMap<string, AccountId | undefined> {
  const names = new Map<string, AccountId | undefined>();
  for (const id of changes.keys()) {
    const account = of.before(id);
    for (const name of account === undefined ? [] : of.namesOf(account)) names.set(name, undefined);
  }
  for (const [id, account] of changes) {
    for (const name of account === undefined ? [] : of.namesOf(account)) names.set(name, id);
  }
  return names;
}

export interface LoadingAccounts {
  /** The body of a record; false: it is none of an account. */
  add(text: string): boolean;
  finish(): AccountTable;
}

/**
 * For accounts that are read one after the other, each once. Looked at only as far as they are found by: who writes
 * them has checked them, and checking 100,000 again left 90 MB of garbage in a process on Deno.
 */
export function loadingAccounts(): LoadingAccounts {
  const [accounts, keys, systems] = [createPacking(), createPacking(), createPacking()];
  return {
    add(text) {
      const account: unknown = JSON.parse(text);
      if (!isNamed(account)) return false;
      accounts.add(account.id, rowOf(account, text));
      for (const id of keyIds(account)) keys.add(id, account.id);
      for (const id of systemIds(account)) systems.add(id, account.id);
      return true;
    },
    finish() {
      const tables = { accounts: accounts.finish(), keys: keys.finish(), systemIds: systems.finish() };
      return createTable(tables, new Map());
    },
  };
}

type Named = Pick<Account, "id" | "keys" | "priceList" | "smpp">;

function isNamed(value: unknown): value is Named {
  const { id, keys, priceList, smpp } = (value ?? {}) as { readonly [Field in keyof Named]?: unknown };
  const isText = (text: unknown): boolean => typeof text === "string" && text !== "";
  const systemId = (smpp as { readonly systemId?: unknown } | undefined)?.systemId;
  return (
    isText(id) &&
    (priceList === undefined || isText(priceList)) &&
    (smpp === undefined || isText(systemId)) &&
    Array.isArray(keys) &&
    keys.every((key: { readonly id?: unknown } | null) => isText(key?.id))
  );
}

export const keyIds = ({ keys }: Pick<Account, "keys">): readonly string[] => keys.map(({ id }) => id);
export const systemIds = ({ smpp }: Pick<Account, "smpp">): readonly string[] =>
  smpp === undefined ? [] : [smpp.systemId];

function rowOf({ priceList }: Pick<Account, "priceList">, text: string): string {
  return `${priceList ?? ""}\n${text}`;
}

/** With what later versions know of an account that was written before. Throws ZodError: a hand in a shell wrote it. */
function accountOf(row: string): Account {
  return accountSchema.parse(JSON.parse(row.slice(row.indexOf("\n") + 1)));
}
