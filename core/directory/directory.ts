/**
 * The configuration of the business as one immutable snapshot with its lookups: who may send (accounts, keys), where to
 * (routes), for how much (prices), and whose number was answered. A change makes another snapshot that shares what it
 * does not touch. Pure; loading and refreshing is in open-directory.ts.
 */
import type { E164 } from "#domain/e164.ts";
import type { AccountId, PriceListId, ProviderId, SetId } from "#domain/ids.ts";
import type { DirectoryRecord, DirectoryStamp } from "../store/directory-copy.ts";
import type { Account, Key } from "./account.ts";
import { type AccountTable, emptyAccounts, loadingAccounts } from "./account-table.ts";
import { chainOf, type Standing, standingOf } from "./account-tree.ts";
import { prefixesOf } from "./prefix.ts";
import { createPriceList, type Price, type Priced, type PriceList, type Rate } from "./price-list.ts";
import { packRates, type RatePage } from "./rate-page.ts";
import {
  type Bodies,
  type ListRecord,
  type OwnNumber,
  pageKeys,
  parseRecord,
  type RecordKind,
  type RecordWrite,
  recordKeys,
} from "./records.ts";
import { type SetState, type SetsOfDirectory, stateOfSet } from "./set-states.ts";
import { emptyMap, type SharedMap } from "./shared-map.ts";

export interface RouteCandidate {
  readonly prefix: string;
  readonly provider: ProviderId;
}

export interface Directory extends SetsOfDirectory {
  /** The number of its last change. */
  readonly version: number;
  stateOf(set: SetId): SetState;
  /**
   * Where changes begin, and where what only one may hold is kept, such as who has which bind. Undefined: it was never
   * written to any set.
   */
  readonly home: SetId | undefined;
  account(id: AccountId): Account | undefined;
  /** The account, its parent, and so on to the top: all that pay for its messages. Empty where there is no such one. */
  chain(id: AccountId): readonly Account[];
  /** What it may do, with all that is above it. */
  standing(id: AccountId): Standing | undefined;
  /** The key with this id and its account, unless that is closed. Whether it still holds is the caller's to see. */
  key(keyId: string): { readonly account: Account; readonly key: Key } | undefined;
  /** The account that binds over SMPP under this name, unless it is closed. */
  accountOfSystemId(systemId: string): Account | undefined;
  /** Every route that matches, longest prefix first. */
  routes(to: E164): readonly RouteCandidate[];
  /** The rate of the account's list that holds at this time, in milliseconds since the epoch. */
  price(account: AccountId, message: Priced, at: number): Price | undefined;
  accountOfNumber(number: string): AccountId | undefined;
}

/** The same with its records, for who changes it. */
export interface DirectorySnapshot extends Directory {
  readonly at: DirectoryStamp | undefined;
  /** Its body; undefined: there is none. */
  record(key: string): Bodies[RecordKind] | undefined;
  recordKeys(): Iterable<string>;
  accounts(): Iterable<Account>;
  list(id: PriceListId): ListRecord | undefined;
  /** Its rates in the order in which they were given; undefined: there is no such list, or pages of it are missing. */
  ratesOf(id: PriceListId): readonly Rate[] | undefined;
  /** Of whom the key or the bind with this name is, closed or not. */
  holderOf(kind: "key" | "systemId", name: string): AccountId | undefined;
  /** Each key once. */
  with(writes: readonly RecordWrite[], at: DirectoryStamp | undefined): DirectorySnapshot;
}

interface HeldList {
  readonly record: ListRecord;
  readonly rates: () => readonly Rate[] | undefined;
  readonly find: PriceList["find"];
}

interface Parts {
  readonly accounts: AccountTable;
  readonly lists: SharedMap<PriceListId, HeldList>;
  readonly pages: SharedMap<string, RatePage>;
  readonly numbers: SharedMap<string, OwnNumber>;
  readonly routes: ReadonlyMap<string, RouteCandidate>;
  readonly routesBody: Bodies["routes"] | undefined;
  readonly sets: Bodies["sets"] | undefined;
}

const noParts: Parts = {
  ...{ accounts: emptyAccounts, lists: emptyMap(), pages: emptyMap() },
  ...{ numbers: emptyMap(), routes: new Map(), routesBody: undefined, sets: undefined },
};
export const emptyDirectory: DirectorySnapshot = createSnapshot(noParts, undefined);

/** A directory that is read page by page, each record once. Lists come to their pages when all is there. */
export interface DirectoryLoading {
  /** False: it is not what its key says. */
  add(record: DirectoryRecord): boolean;
  finish(at: DirectoryStamp | undefined): DirectorySnapshot;
}

export function loadingDirectory(): DirectoryLoading {
  const accounts = loadingAccounts();
  const pages = new Map<string, RatePage>();
  const others: RecordWrite[] = [];
  return {
    add({ key, body }) {
      // Whoever wrote them has checked them; there are so many that checking them again is felt.
      if (key.startsWith("account/")) return accounts.add(body);
      if (key.startsWith("rates/")) return pages.set(key, packRates(JSON.parse(body) as Rate[])).has(key);
      const parsed = parseRecord(key, JSON.parse(body));
      return parsed.type === "parsed" && others.push(parsed.write) > 0;
    },
    finish(at) {
      const parts = { ...noParts, accounts: accounts.finish(), pages: noParts.pages.with(pages) };
      return createSnapshot(changed(parts, others), at);
    },
  };
}

function createSnapshot(parts: Parts, at: DirectoryStamp | undefined): DirectorySnapshot {
  const { accounts, lists, numbers, routes } = parts;
  const sets = parts.sets ?? { sets: [], keyLists: [] };
  const chain = (id: AccountId): readonly Account[] => chainOf(id, accounts);
  const openAccount = (id: AccountId | undefined): Account | undefined => {
    const account = id === undefined ? undefined : accounts.get(id);
    return account === undefined || standingOf(chain(account.id)).status === "closed" ? undefined : account;
  };
  return {
    at,
    version: at?.number ?? 0,
    home: at?.home,
    sets: sets.sets,
    keyLists: sets.keyLists,
    stateOf: (set) => stateOfSet(sets, set),
    account: (id) => accounts.get(id),
    chain,
    standing: (id) => (accounts.get(id) === undefined ? undefined : standingOf(chain(id))),
    key(keyId) {
      const account = openAccount(accounts.holderOf("key", keyId));
      const key = account?.keys.find(({ id }) => id === keyId);
      return account === undefined || key === undefined ? undefined : { account, key };
    },
    accountOfSystemId: (systemId) => openAccount(accounts.holderOf("systemId", systemId)),
    routes: (to) => prefixesOf(to, routes),
    price(id, message, time) {
      const list = accounts.listOf(id);
      return list === undefined ? undefined : lists.get(list)?.find(message, time);
    },
    accountOfNumber: (number) => numbers.get(number)?.account,
    record: (key) => recordOf(parts, key),
    *recordKeys() {
      for (const id of accounts.ids()) yield recordKeys.account(id);
      for (const id of lists.keys()) yield recordKeys.list(id);
      yield* parts.pages.keys();
      for (const number of numbers.keys()) yield recordKeys.number(number);
      if (parts.routesBody !== undefined) yield recordKeys.routes();
      if (parts.sets !== undefined) yield recordKeys.sets();
    },
    accounts: () => accounts.values(),
    list: (id) => lists.get(id)?.record,
    ratesOf: (id) => lists.get(id)?.rates(),
    holderOf: accounts.holderOf,
    with: (writes, then) => createSnapshot(changed(parts, writes), then),
  };
}

function recordOf(parts: Parts, key: string): Bodies[RecordKind] | undefined {
  const slash = key.indexOf("/");
  const name = key.slice(slash + 1);
  switch (slash < 0 ? key : key.slice(0, slash)) {
    case "account":
      return parts.accounts.get(name as AccountId);
    case "list":
      return parts.lists.get(name as PriceListId)?.record;
    case "rates":
      return pageOf(parts, key);
    case "number":
      return parts.numbers.get(name);
    case "routes":
      return parts.routesBody;
    case "sets":
      return parts.sets;
  }
  return undefined;
}

function changed(parts: Parts, writes: readonly RecordWrite[]): Parts {
  const accounts = new Map<AccountId, Account | undefined>();
  const lists = new Map<PriceListId, ListRecord | undefined>();
  const pages = new Map<string, RatePage | undefined>();
  const numbers = new Map<string, OwnNumber | undefined>();
  let { routes, routesBody, sets } = parts;
  for (const write of writes) {
    const name = write.key.slice(write.key.indexOf("/") + 1);
    switch (write.kind) {
      case "account":
        accounts.set(name as AccountId, write.body ?? undefined);
        break;
      case "list":
        lists.set(name as PriceListId, write.body ?? undefined);
        break;
      case "rates":
        pages.set(write.key, write.body === null ? undefined : packRates(write.body));
        break;
      case "number":
        numbers.set(name, write.body ?? undefined);
        break;
      case "routes":
        routesBody = write.body ?? undefined;
        routes = new Map((routesBody ?? []).map((route) => [route.prefix, route]));
        break;
      case "sets":
        sets = write.body ?? undefined;
        break;
    }
  }
  const allPages = parts.pages.with(pages);
  const held = [...lists].map(([id, list]) => [id, list && holdList(list, allPages)] as const);
  return {
    accounts: parts.accounts.with(accounts),
    lists: parts.lists.with(new Map(held)),
    pages: allPages,
    numbers: parts.numbers.with(numbers),
    ...{ routes, routesBody, sets },
  };
}

function holdList(record: ListRecord, pages: SharedMap<string, RatePage>): HeldList {
  const own = pageKeys(record).map((key) => pages.get(key));
  const there = own.filter((page) => page !== undefined);
  const isWhole = there.length === own.length;
  return {
    record,
    rates: () => (isWhole ? there.flatMap(unpack) : undefined),
    find: createPriceList(record.id, isWhole ? there : []).find,
  };
}

function unpack(page: RatePage): Rate[] {
  return Array.from({ length: page.length }, (_, index) => page.rate(index));
}

function pageOf({ pages }: Parts, key: string): Rate[] | undefined {
  const page = pages.get(key);
  return page && unpack(page);
}
