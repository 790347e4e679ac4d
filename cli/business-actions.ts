/** What an operator does with accounts, their keys and price lists: each command is one change of the directory. */
import { type AccountInput, type KeyScope, keyScopes } from "#core/directory/account.ts";
import { createApiKey } from "#core/directory/api-key.ts";
import type { DirectorySnapshot } from "#core/directory/directory.ts";
import { createDirectoryWriter, type DirectoryWriter, type Edit } from "#core/directory/directory-writer.ts";
import { importList } from "#core/directory/import-list.ts";
import type { Rate } from "#core/directory/price-list.ts";
import { compareRates, formatRates, parseRates, type RateChanges, toListInput } from "#core/directory/rates-csv.ts";
import { type ParsedWrites, parseRecord, recordKeys } from "#core/directory/records.ts";
import type { AccountId, PriceListId } from "#domain/ids.ts";
import { formatAmount, toMicros } from "#domain/money.ts";
import { systemRandom } from "#domain/random.ts";
import type { OperatorContext } from "./as-operator.ts";
import { viewSets } from "./sets-actions.ts";
import { toColumns } from "./table.ts";
import { tellChange } from "./tell-change.ts";

/** Nothing was changed. */
class BusinessRefusedError extends Error {
  override readonly name = "BusinessRefusedError";
  readonly code = "business_refused";
  readonly retryable = false;
}

/** Of each kind of change in a preview. */
const SHOWN_MAX = 20;
const KEY_ID_CHARS = 12;

export type AccountFields = Partial<Omit<AccountInput, "id" | "keys" | "smpp">>;

function writerOf({ stores, clock, env }: OperatorContext): DirectoryWriter {
  return createDirectoryWriter({ stores, clock, random: systemRandom, actor: env.USER ?? "operator" });
}

async function make(context: OperatorContext, edit: Edit, what: string): Promise<DirectorySnapshot> {
  const told = tellChange(await writerOf(context).change(edit), what);
  if (told.type === "not_made") throw new BusinessRefusedError(told.why);
  for (const line of told.lines) context.out(line);
  return told.directory;
}

export async function listAccounts(
  context: OperatorContext,
  options: { readonly below?: AccountId; readonly json?: boolean },
) {
  const { directory } = await viewSets(context);
  const { below, json } = options;
  if (below !== undefined) accountOf(directory, below);
  const rows: string[][] = [];
  for (const account of directory.accounts()) {
    if (below !== undefined && !directory.chain(account.id).some(({ id }) => id === below)) continue;
    const { id, parent, name, currency, credit, priceList, keys, smpp } = account;
    const status = directory.standing(id)?.status ?? account.status;
    const shown = { id, parent, name, status, currency, credit, priceList, keys: keys.map((key) => key.id) };
    if (json === true) context.out(JSON.stringify({ ...shown, systemId: smpp?.systemId }));
    else rows.push([id, parent ?? "-", status, currency, credit, priceList ?? "-", `${keys.length}`, name]);
  }
  if (json === true) return true;
  const headings = ["ACCOUNT", "BELOW", "STATUS", "CURRENCY", "CREDIT", "PRICES", "KEYS", "NAME"];
  const sorted = rows.toSorted(([a = ""], [b = ""]) => (a < b ? -1 : 1));
  for (const line of toColumns([headings, ...sorted])) context.out(line);
  return true;
}

export async function addAccount(context: OperatorContext, id: AccountId, fields: AccountFields): Promise<boolean> {
  const edit: Edit = (held) => {
    if (held.account(id) !== undefined) throw new BusinessRefusedError(`There is an account '${id}' already.`);
    const { name = id, inDoubt = "resend", currency = "" } = fields;
    return writeAccount({ ...fields, id, name, inDoubt, currency, keys: [] });
  };
  await make(context, edit, `${id} is an account`);
  return true;
}

export async function changeAccount(context: OperatorContext, id: AccountId, fields: AccountFields): Promise<boolean> {
  if (Object.keys(fields).length === 0) throw new BusinessRefusedError("Say what to change: see --help.");
  await make(context, (held) => writeAccount({ ...accountOf(held, id), ...fields }), `${id} is so`);
  return true;
}

export interface KeyOptions {
  readonly json?: boolean;
  readonly scopes?: readonly KeyScope[];
  readonly expiresAt?: number;
}

/** Shows the key once: what is kept of it proves it, and does not tell it. */
export async function addKey(context: OperatorContext, id: AccountId, options: KeyOptions): Promise<boolean> {
  const key = await createApiKey(context.mint.unique().slice(-KEY_ID_CHARS), systemRandom);
  const edit: Edit = (held) => {
    const account = accountOf(held, id);
    const limits = {
      ...(options.scopes !== undefined && { scopes: [...options.scopes] }),
      ...(options.expiresAt !== undefined && { expiresAt: options.expiresAt }),
    };
    const keys = [...account.keys, { id: key.id, secretSha256: key.secretSha256, ...limits }];
    return writeAccount({ ...account, keys });
  };
  const quiet = { ...context, out: options.json === true ? () => undefined : context.out };
  await make(quiet, edit, `${id} has the key ${key.id}`);
  context.out(options.json === true ? JSON.stringify({ account: id, id: key.id, key: key.text }) : key.text);
  if (options.json !== true) context.out("Keep it now: nobody can show it again.");
  return true;
}

export async function listKeys(context: OperatorContext, id: AccountId, options: { readonly json?: boolean }) {
  const { directory } = await viewSets(context);
  const now = context.clock.now();
  const rows = accountOf(directory, id).keys.map(({ id: key, scopes = keyScopes, expiresAt }) => {
    const state = expiresAt !== undefined && expiresAt <= now ? "expired" : "live";
    return { key, state, scopes, expires: expiresAt === undefined ? null : new Date(expiresAt).toISOString() };
  });
  if (options.json === true) for (const row of rows) context.out(JSON.stringify(row));
  else {
    const cells = rows.map(({ key, state, scopes, expires }) => [key, state, scopes.join(","), expires ?? "-"]);
    for (const line of toColumns([["KEY", "STATE", "SCOPES", "EXPIRES"], ...cells])) context.out(line);
  }
  return true;
}

export async function removeKey(context: OperatorContext, id: AccountId, keyId: string): Promise<boolean> {
  const edit: Edit = (held) => {
    const account = accountOf(held, id);
    const keys = account.keys.filter((key) => key.id !== keyId);
    if (keys.length === account.keys.length) throw new BusinessRefusedError(`${id} has no key '${keyId}'.`);
    return writeAccount({ ...account, keys });
  };
  await make(context, edit, `${id} has no key ${keyId} any more`);
  return true;
}

function accountOf(directory: DirectorySnapshot, id: AccountId) {
  const account = directory.account(id);
  if (account === undefined) throw new BusinessRefusedError(`There is no account '${id}'.`);
  return account;
}

function writeAccount(account: AccountInput): ParsedWrites {
  const parsed = parseRecord(recordKeys.account(account.id), account);
  if (parsed.type === "parsed") return { writes: [parsed.write], problems: [] };
  return { writes: [], problems: parsed.problems };
}

export async function listPrices(context: OperatorContext, options: { readonly json?: boolean }): Promise<boolean> {
  const { directory } = await viewSets(context);
  const users = new Map<string, number>();
  for (const { priceList } of directory.accounts()) {
    if (priceList !== undefined) users.set(priceList, (users.get(priceList) ?? 0) + 1);
  }
  const lists = [...directory.recordKeys()].filter((key) => key.startsWith("list/")).sort();
  const rows = lists.flatMap((key) => {
    const list = directory.list(key.slice("list/".length) as PriceListId);
    const rates = list && directory.ratesOf(list.id)?.length;
    return list === undefined
      ? []
      : [{ id: list.id, currency: list.currency, rates, accounts: users.get(list.id) ?? 0 }];
  });
  if (options.json === true) for (const row of rows) context.out(JSON.stringify(row));
  else {
    const cells = rows.map((row) => [row.id, row.currency, `${row.rates}`, `${row.accounts}`]);
    for (const line of toColumns([["LIST", "CURRENCY", "RATES", "ACCOUNTS"], ...cells])) context.out(line);
  }
  return true;
}

export async function exportPrices(context: OperatorContext, id: PriceListId): Promise<boolean> {
  const { directory } = await viewSets(context);
  const rates = directory.ratesOf(id);
  if (rates === undefined) throw new BusinessRefusedError(`There is no price list '${id}'.`);
  context.out(formatRates(rates).trimEnd());
  return true;
}

/** Shows what would change; changes it only when told so. */
export async function importPrices(
  context: OperatorContext,
  id: PriceListId,
  asked: { readonly csv: string; readonly currency?: string; readonly yes?: boolean },
): Promise<boolean> {
  const parsed = parseRates(asked.csv);
  if (parsed.type === "malformed") {
    const lines = parsed.problems.map(({ line, message }) => `line ${line}: ${message}`);
    throw new BusinessRefusedError(["Nothing was taken:", ...lines].join("\n  "));
  }
  const { directory } = await viewSets(context);
  const currency = asked.currency ?? directory.list(id)?.currency;
  if (currency === undefined) {
    throw new BusinessRefusedError(`'${id}' is a new price list: say its --currency, such as EUR.`);
  }
  const changes = compareRates(directory.ratesOf(id) ?? [], parsed.rates);
  for (const line of tellRates(changes, currency)) context.out(line);
  if (asked.yes !== true) {
    context.out("Nothing is changed yet: say it again with --yes.");
    return true;
  }
  const change = await importList(
    writerOf(context),
    toListInput({ id, currency }, parsed.rates),
    context.mint.unique(),
  );
  const told = tellChange(change, `'${id}' has these ${parsed.rates.length} rates`);
  if (told.type === "not_made") throw new BusinessRefusedError(told.why);
  for (const line of told.lines) context.out(line);
  return true;
}

function tellRates({ added, removed, changed, kept }: RateChanges, currency: string): readonly string[] {
  const price = ({ priceMicros, refund }: Rate) => {
    return `${formatAmount(toMicros(priceMicros))} ${currency}${refund === undefined ? "" : `, refund ${refund}`}`;
  };
  const some = (sign: string, lines: readonly string[]): readonly string[] => [
    ...lines.slice(0, SHOWN_MAX).map((line) => `${sign} ${line}`),
    ...(lines.length > SHOWN_MAX ? [`${sign} and ${lines.length - SHOWN_MAX} more`] : []),
  ];
  return [
    ...some(
      "~",
      changed.map(({ before, after }) => `${nameOf(after)}: ${price(before)} becomes ${price(after)}`),
    ),
    ...some(
      "+",
      added.map((rate) => `${nameOf(rate)}: ${price(rate)}`),
    ),
    ...some(
      "-",
      removed.map((rate) => `${nameOf(rate)}: ${price(rate)}`),
    ),
    `${changed.length} changed, ${added.length} added, ${removed.length} removed, ${kept} as they were.`,
  ];
}

function nameOf({ prefix, class: kind, sender, from }: Rate): string {
  const begins = from === undefined ? undefined : `from ${new Date(from).toISOString()}`;
  return [prefix, kind, sender, begins].filter((part) => part !== undefined).join(" ");
}
