/**
 * Whether records may stand together: what names another names one that is there, and what finds an account is its own.
 * Pure.
 */
import type { AccountId } from "#domain/ids.ts";
import type { Account } from "./account.ts";
import { keyIds, systemIds } from "./account-table.ts";
import { treeProblem } from "./account-tree.ts";
import type { DirectorySnapshot } from "./directory.ts";
import { priceListSchema } from "./price-list.ts";
import { areSorted } from "./rate-page.ts";
import type { ListRecord, RecordProblem, RecordWrite } from "./records.ts";
import { repeated } from "./repeated.ts";

/** Of those there are, in a message about one there is not. */
const NAMES_SHOWN = 10;

/** What is wrong with a change, by the records that it writes or that it leaves without what they name. */
export function changeProblems(
  before: DirectorySnapshot,
  after: DirectorySnapshot,
  writes: readonly RecordWrite[],
): readonly RecordProblem[] {
  const twice = repeated(writes, ({ key }) => key).map(({ key }) => {
    return problem(key, "", "it is there twice: leave one of them");
  });
  if (twice.length > 0) return twice;
  const accounts = writes.flatMap((write) => (write.kind === "account" && write.body !== null ? [write.body] : []));
  const misnamed = writes.flatMap(({ kind, key, body }) =>
    kind === "account" && body !== null && key !== `account/${body.id}`
      ? [problem(key, "id", "an account's id is the one in its key")]
      : [],
  );
  const lists = writes.flatMap((write) => (write.kind === "list" && write.body !== null ? [write.body] : []));
  return [
    ...misnamed,
    ...accounts.flatMap((account) => accountProblems(before, after, account)),
    ...nameProblems(before, after, accounts),
    ...lists.flatMap((list) => listProblems(after, list)),
    ...numberProblems(after, writes),
    ...leftProblems(before, after, writes),
  ];
}

function problem(key: string, field: string, message: string): RecordProblem {
  return { key, field, message };
}

function accountProblems(
  before: DirectorySnapshot,
  after: DirectorySnapshot,
  account: Account,
): readonly RecordProblem[] {
  const { id, priceList, currency } = account;
  const key = `account/${id}`;
  const misplaced = treeProblem(account, { get: after.account });
  const list = priceList && wrongList({ priceList, currency }, after);
  const held = before.account(id);
  const isPaidIn = held !== undefined && held.currency !== currency;
  return [
    ...(misplaced === undefined ? [] : [problem(key, "parent", misplaced)]),
    ...(list === undefined ? [] : [problem(key, "priceList", list)]),
    ...(isPaidIn
      ? [problem(key, "currency", `its money is in ${held.currency}: open another account for ${currency}`)]
      : []),
  ];
}

/** Undefined: it is right. */
function wrongList(
  { priceList, currency }: { readonly priceList: ListRecord["id"]; readonly currency: string },
  after: DirectorySnapshot,
): string | undefined {
  const list = after.list(priceList);
  if (list === undefined) {
    const names = listNames(after);
    const known = names.length === 0 ? "" : `, or name one of ${names.join(", ")}`;
    return `there is no price list '${priceList}': make it first${known}`;
  }
  if (list.currency === currency) return undefined;
  return `'${priceList}' is in ${list.currency} and the account in ${currency}: give it a list in ${currency}`;
}

function listNames(directory: DirectorySnapshot): readonly string[] {
  const names: string[] = [];
  for (const key of directory.recordKeys()) if (key.startsWith("list/")) names.push(key.slice("list/".length));
  return names.sort().slice(0, NAMES_SHOWN);
}

/** Key ids and systemIds find their account: each is one account's only. */
function nameProblems(
  before: DirectorySnapshot,
  after: DirectorySnapshot,
  accounts: readonly Account[],
): readonly RecordProblem[] {
  const kinds = [
    { kind: "key", field: "keys", what: "id of a key", namesOf: keyIds },
    { kind: "systemId", field: "smpp.systemId", what: "systemId", namesOf: systemIds },
  ] as const;
  return kinds.flatMap(({ kind, field, what, namesOf }) => {
    const taken = new Map<string, AccountId>();
    return accounts.flatMap((account) =>
      namesOf(account).flatMap((name) => {
        const holder = taken.get(name) ?? stillHolds(before.holderOf(kind, name), name, { after, namesOf });
        if (holder === undefined || holder === account.id) {
          if (taken.get(name) === undefined) {
            taken.set(name, account.id);
            return [];
          }
        }
        const message = `'${name}' is the ${what} of another account: give each account its own`;
        const own = `'${name}' is there twice: leave one of them`;
        return [problem(`account/${account.id}`, field, holder === account.id ? own : message)];
      }),
    );
  });
}

function stillHolds(
  holder: AccountId | undefined,
  name: string,
  now: { readonly after: DirectorySnapshot; readonly namesOf: (account: Account) => readonly string[] },
): AccountId | undefined {
  const account = holder === undefined ? undefined : now.after.account(holder);
  return account !== undefined && now.namesOf(account).includes(name) ? holder : undefined;
}

function listProblems(after: DirectorySnapshot, list: ListRecord): readonly RecordProblem[] {
  const key = `list/${list.id}`;
  const rates = after.ratesOf(list.id);
  if (rates === undefined) return [problem(key, "pages", "pages of its rates are missing: write them first")];
  if (!areSorted(rates)) return [problem(key, "pages", "its rates are not in order: import it")];
  const whole = priceListSchema.safeParse({ id: list.id, currency: list.currency, rates });
  const wrong = whole.success ? [] : whole.error.issues;
  return wrong.map(({ path, message }) => problem(key, path.join("."), message));
}

function numberProblems(after: DirectorySnapshot, writes: readonly RecordWrite[]): readonly RecordProblem[] {
  return writes.flatMap((write) => {
    if (write.kind !== "number" || write.body === null) return [];
    const { number, account } = write.body;
    if (write.key !== `number/${number}`) return [problem(write.key, "number", "it is the one in its key")];
    if (after.account(account) !== undefined) return [];
    return [problem(write.key, "account", `there is no account '${account}': make it first`)];
  });
}

/** Records that the change does not write, and that name what it takes away. */
function leftProblems(
  before: DirectorySnapshot,
  after: DirectorySnapshot,
  writes: readonly RecordWrite[],
): readonly RecordProblem[] {
  const written = new Set(writes.map(({ key }) => key));
  const isGone = (kind: RecordWrite["kind"]) => writes.some((write) => write.kind === kind && write.body === null);
  const isMoved = writes.some(
    (write) =>
      write.kind === "account" &&
      write.body !== null &&
      before.account(write.body.id) !== undefined &&
      before.account(write.body.id)?.parent !== write.body.parent,
  );
  const isRepriced = writes.some(
    (write) => write.kind === "list" && write.body !== null && before.list(write.body.id) !== undefined,
  );
  if (!(isGone("account") || isGone("list") || isMoved || isRepriced)) return [];
  const left: RecordProblem[] = [];
  for (const account of after.accounts()) {
    if (!written.has(`account/${account.id}`)) left.push(...accountProblems(before, after, account));
  }
  return isGone("account") ? [...left, ...ownerlessNumbers(after, written)] : left;
}

function ownerlessNumbers(after: DirectorySnapshot, written: ReadonlySet<string>): readonly RecordProblem[] {
  const left: RecordProblem[] = [];
  for (const key of after.recordKeys()) {
    if (!key.startsWith("number/") || written.has(key)) continue;
    const account = after.accountOfNumber(key.slice("number/".length));
    if (account === undefined || after.account(account) !== undefined) continue;
    left.push(problem(key, "account", `it is of '${account}', which would be gone: give it to another account first`));
  }
  return left;
}
