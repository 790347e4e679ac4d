/**
 * The configuration of the business as one immutable snapshot with its lookups: who may send (accounts, keys), where to
 * (routes), for how much (prices), and whose number was answered. Pure; loading and refreshing is in open-directory.ts.
 */
import { z } from "zod";
import type { E164 } from "#domain/e164.ts";
import {
  type AccountId,
  accountIdSchema,
  type PriceListId,
  type ProviderId,
  priceListIdSchema,
  providerIdSchema,
  type SetId,
  setIdSchema,
} from "#domain/ids.ts";
import { currencySchema } from "#domain/money.ts";
import { createAccountTree, type Standing, treeFields, treeProblems } from "./account-tree.ts";
import { prefixesOf, prefixSchema } from "./prefix.ts";
import { createPriceList, type Price, type Priced, priceListSchema } from "./price-list.ts";
import { repeated } from "./repeated.ts";
import {
  isInUse,
  keyListSchema,
  type SetState,
  type SetsOfDirectory,
  setEntrySchema,
  stateOfSet,
} from "./set-states.ts";
import { smppAccountSchema } from "./smpp-account.ts";

/** Of those there are, in a message about one there is not. */
const NAMES_SHOWN = 10;

const accountSchema = z.strictObject({
  id: accountIdSchema,
  name: z.string().min(1).max(100),
  ...treeFields,
  currency: currencySchema,
  /** Where keyed requests of this account go: to sets of this region. Without one, to sets of any region. */
  homeRegion: z.string().min(1).max(32).optional(),
  /** What happens to segments in doubt of this account's messages; alerts are always sent again (invariant I7). */
  inDoubt: z.enum(["resend", "keep"]),
  keys: z.array(
    z.strictObject({ id: z.string().regex(/^[a-z0-9]{4,32}$/), secretSha256: z.string().regex(/^[0-9a-f]{64}$/) }),
  ),
  /** What it pays. Without one, no number has a price, for it and for all below it. */
  priceList: priceListIdSchema.optional(),
  /** `limited`: it sends for no more than its credit, see core/ledger. `unlimited`: it is billed and never held up. */
  credit: z.enum(["unlimited", "limited"]).default("unlimited"),
  /** Absent: it does not bind to us. */
  smpp: smppAccountSchema.optional(),
});
export type Account = z.output<typeof accountSchema>;

const accountsSchema = z.array(accountSchema).superRefine((accounts, context) => {
  for (const { index, field, message } of treeProblems(accounts)) {
    context.addIssue({ code: "custom", message, path: [index, field] });
  }
  for (const { index, key } of repeated(accounts, ({ smpp }) => smpp?.systemId)) {
    const message = `'${key}' is the systemId of another account: give each account its own`;
    context.addIssue({ code: "custom", message, path: [index, "smpp", "systemId"] });
  }
});

const priceListsSchema = z.array(priceListSchema).superRefine((lists, context) => {
  for (const { index, key } of repeated(lists, ({ id }) => id)) {
    const message = `'${key}' is the id of another price list: give each list its own`;
    context.addIssue({ code: "custom", message, path: [index, "id"] });
  }
});

const bodySchema = z.strictObject({
  accounts: accountsSchema,
  priceLists: priceListsSchema.default([]),
  routes: z.array(z.strictObject({ prefix: prefixSchema, provider: providerIdSchema })),
  /** Numbers that customers can be answered on. */
  numbers: z.array(z.strictObject({ number: z.string().regex(/^\+?[0-9]{3,15}$/), account: accountIdSchema })),
  /** What each set is used for; see set-states.ts. */
  sets: z.array(setEntrySchema).default([]),
  keyLists: z.array(keyListSchema).default([]),
  /** Where what only one may hold is kept, such as who has which bind. Without it: the first set that is in use. */
  home: setIdSchema.optional(),
});
/** The directory as it is written: each part by itself, and what names another names one that is there. */
export const directorySchema = bodySchema.superRefine(({ accounts, priceLists }, context) => {
  const lists = new Map(priceLists.map((list) => [list.id, list]));
  for (const [index, { priceList, currency }] of accounts.entries()) {
    const message = priceList && wrongList({ priceList, currency }, lists);
    if (message !== undefined) context.addIssue({ code: "custom", message, path: ["accounts", index, "priceList"] });
  }
});
export type DirectoryBody = z.output<typeof directorySchema>;
export type DirectoryInput = z.input<typeof directorySchema>;

export interface RouteCandidate {
  readonly prefix: string;
  readonly provider: ProviderId;
}

export interface Directory extends SetsOfDirectory {
  readonly version: number;
  stateOf(set: SetId): SetState;
  /** Undefined: no set is in use, or none was ever named. */
  readonly home: SetId | undefined;
  account(id: AccountId): Account | undefined;
  /** The account, its parent, and so on to the top: all that pay for its messages. Empty where there is no such one. */
  chain(id: AccountId): readonly Account[];
  /** What it may do, with all that is above it. */
  standing(id: AccountId): Standing | undefined;
  /** The account whose live key has this id, unless it is closed, and the hash to compare the secret with. */
  key(keyId: string): { readonly account: Account; readonly secretSha256: string } | undefined;
  /** The account that binds over SMPP under this name, unless it is closed. */
  accountOfSystemId(systemId: string): Account | undefined;
  /** Every route that matches, longest prefix first. */
  routes(to: E164): readonly RouteCandidate[];
  /** The rate of the account's list that holds at this time, in milliseconds since the epoch. */
  price(account: AccountId, message: Priced, at: number): Price | undefined;
  accountOfNumber(number: string): AccountId | undefined;
}

/** Builds the lookups. `body` must have passed `directorySchema`. */
export function createDirectory(version: number, body: DirectoryBody): Directory {
  const accounts = new Map(body.accounts.map((account) => [account.id, account]));
  const tree = createAccountTree(accounts);
  const isOpen = ({ id }: Account): boolean => tree.standing(id)?.status !== "closed";
  const keys = new Map(
    body.accounts.flatMap((account) =>
      account.keys.map((key) => [key.id, { account, secretSha256: key.secretSha256 }] as const),
    ),
  );
  const bySystemId = new Map(
    body.accounts.flatMap((account) => (account.smpp ? [[account.smpp.systemId, account]] : [])),
  );
  const routes = new Map(body.routes.map((route) => [route.prefix, route]));
  const priceLists = new Map(body.priceLists.map((list) => [list.id, createPriceList(list)]));
  const numbers = new Map(body.numbers.map((row) => [row.number, row.account]));

  return {
    version,
    sets: body.sets,
    keyLists: body.keyLists,
    stateOf: (set) => stateOfSet(body, set),
    home: body.home ?? body.sets.find(({ state }) => isInUse(state))?.set,
    account: (id) => accounts.get(id),
    chain: tree.chain,
    standing: tree.standing,
    key(keyId) {
      const key = keys.get(keyId);
      return key !== undefined && isOpen(key.account) ? key : undefined;
    },
    accountOfSystemId(systemId) {
      const account = bySystemId.get(systemId);
      return account !== undefined && isOpen(account) ? account : undefined;
    },
    routes: (to) => prefixesOf(to, routes),
    price(id, message, at) {
      const list = accounts.get(id)?.priceList;
      return list === undefined ? undefined : priceLists.get(list)?.find(message, at);
    },
    accountOfNumber: (number) => numbers.get(number),
  };
}

/** The same business with other sets. */
export function withSets(body: DirectoryInput, { sets, keyLists }: SetsOfDirectory): DirectoryInput {
  return { ...body, sets: [...sets], keyLists: keyLists.map((list) => ({ ...list, sets: [...list.sets] })) };
}

/** Undefined: it is right. */
function wrongList(
  { priceList, currency }: { readonly priceList: PriceListId; readonly currency: string },
  lists: ReadonlyMap<PriceListId, { readonly currency: string }>,
): string | undefined {
  const list = lists.get(priceList);
  if (list === undefined) {
    const known = lists.size === 0 ? "" : `, or name one of ${[...lists.keys()].slice(0, NAMES_SHOWN).join(", ")}`;
    return `there is no price list '${priceList}': make it first${known}`;
  }
  if (list.currency === currency) return undefined;
  return `'${priceList}' is in ${list.currency} and the account in ${currency}: give it a list in ${currency}`;
}
