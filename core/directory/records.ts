/**
 * The directory as it is stored: one record for each account, price list, page of rates, number, and one for all
 * routes and all sets. What a record may look like is here; what may stand together is in check-change.ts. Pure.
 */
import { z } from "zod";
import { canonicalJson } from "#domain/canonical-json.ts";
import { accountIdSchema, priceListIdSchema, providerIdSchema } from "#domain/ids.ts";
import { currencySchema } from "#domain/money.ts";
import { type AccountInput, accountSchema } from "./account.ts";
import { prefixSchema } from "./prefix.ts";
import { type PriceListInput, priceListSchema, type Rate, rateSchema } from "./price-list.ts";
import { PAGE_RATES, sortRates } from "./rate-page.ts";
import { type KeyList, keyListSchema, type SetEntry, type SetsOfDirectory, setEntrySchema } from "./set-states.ts";

/** Where the rates of a list are: a list of many is written page by page, and is in force with its own record. */
const listSchema = z.strictObject({
  id: priceListIdSchema,
  currency: currencySchema,
  /** Names its pages. */
  version: z.string().min(1).max(40),
  pages: z.int().nonnegative(),
});
export type ListRecord = z.output<typeof listSchema>;

const numberSchema = z.strictObject({
  number: z.string().regex(/^\+?[0-9]{3,15}$/, "a number has 3 to 15 digits, with a + before an international one"),
  account: accountIdSchema,
});
export type OwnNumber = z.output<typeof numberSchema>;

const routesSchema = z.array(z.strictObject({ prefix: prefixSchema, provider: providerIdSchema }));

const setsSchema = z.strictObject({
  /** What each set is used for; see set-states.ts. */
  sets: z.array(setEntrySchema),
  keyLists: z.array(keyListSchema),
});

interface SetName {
  readonly set: string;
  readonly region: string;
}

/** All of a directory at once, as tests, a first run and the simulation write it. */
export interface DirectoryInput {
  readonly accounts: readonly AccountInput[];
  readonly priceLists?: readonly PriceListInput[];
  readonly routes: z.input<typeof routesSchema>;
  readonly numbers: readonly z.input<typeof numberSchema>[];
  /** Absent: what it says already. */
  readonly sets?: readonly (Omit<SetEntry, "set"> & { readonly set: string })[];
  readonly keyLists?: readonly (Pick<KeyList, "since"> & { readonly sets: readonly SetName[] })[];
}

const schemas = {
  account: accountSchema,
  list: listSchema,
  rates: z.array(rateSchema).max(PAGE_RATES),
  number: numberSchema,
  routes: routesSchema,
  sets: setsSchema,
} as const;
export type RecordKind = keyof typeof schemas;
export type Bodies = { readonly [Kind in RecordKind]: z.output<(typeof schemas)[Kind]> };

/** A record that is to be, or with `null` not to be, under this key. */
export type RecordWrite = { readonly [Kind in RecordKind]: Write<Kind> }[RecordKind];
interface Write<Kind extends RecordKind> {
  readonly kind: Kind;
  readonly key: string;
  readonly body: Bodies[Kind] | null;
}

export const recordKeys = {
  account: (id: string) => `account/${id}`,
  list: (id: string) => `list/${id}`,
  rates: ({ id, version }: Pick<ListRecord, "id" | "version">, page: number) => `rates/${id}/${version}/${page}`,
  number: (number: string) => `number/${number}`,
  routes: () => "routes",
  sets: () => "sets",
} as const;

export function pageKeys(list: ListRecord): readonly string[] {
  return Array.from({ length: list.pages }, (_, page) => recordKeys.rates(list, page));
}

export type ParsedRecord =
  | { readonly type: "parsed"; readonly write: RecordWrite }
  | { readonly type: "malformed"; readonly problems: readonly RecordProblem[] };

export interface RecordProblem {
  readonly key: string;
  /** Where in the record, such as `smpp.systemId`; empty: the record itself. */
  readonly field: string;
  readonly message: string;
}

/** What a body says, with defaults for what it does not say. */
export function parseRecord(key: string, body: unknown): ParsedRecord {
  const kind = key.split("/", 1)[0] ?? "";
  if (!isKind(kind)) return malformed(key, [{ path: [], message: "there is no such kind of record" }]);
  if (body === null) return { type: "parsed", write: { kind, key, body } };
  const parsed = schemas[kind].safeParse(body);
  if (!parsed.success) return malformed(key, parsed.error.issues);
  // Kind and body come from one row of the table.
  return { type: "parsed", write: { kind, key, body: parsed.data } as RecordWrite };
}

function malformed(key: string, issues: readonly Pick<z.core.$ZodIssue, "path" | "message">[]): ParsedRecord {
  const problems = issues.map(({ path, message }) => ({ key, field: path.join("."), message }));
  return { type: "malformed", problems };
}

function isKind(kind: string): kind is RecordKind {
  return Object.hasOwn(schemas, kind);
}

/** This record is to be gone. */
export function removal(key: string): RecordWrite {
  return { kind: key.split("/", 1)[0] as "number", key, body: null };
}

/** What the sets are used for from now on. */
export function setsWrite({ sets, keyLists }: SetsOfDirectory): RecordWrite {
  const body = { sets: [...sets], keyLists: keyLists.map((list) => ({ ...list, sets: [...list.sets] })) };
  return { kind: "sets", key: recordKeys.sets(), body };
}

/** The same text for the same record. */
export function bodyText({ body }: RecordWrite): string | null {
  return body === null ? null : canonicalJson(body);
}

/** A list and the pages of its rates. `version` must never have named pages of this list before. */
export function listWrites(input: PriceListInput, version: string): ParsedWrites {
  const parsed = priceListSchema.safeParse(input);
  if (!parsed.success) {
    const problems = parsed.error.issues.map(({ path, message }) => {
      return { key: recordKeys.list(input.id), field: path.join("."), message };
    });
    return { writes: [], problems };
  }
  const { id, currency, rates } = parsed.data;
  const pages = pagesOf(rates);
  const list: ListRecord = { id, currency, version, pages: pages.length };
  return {
    problems: [],
    writes: [
      ...pages.map((body, page): RecordWrite => ({ kind: "rates", key: recordKeys.rates(list, page), body })),
      { kind: "list", key: recordKeys.list(id), body: list },
    ],
  };
}

function pagesOf(rates: readonly Rate[]): readonly Rate[][] {
  const sorted = sortRates(rates);
  const count = Math.ceil(rates.length / PAGE_RATES);
  return Array.from({ length: count }, (_, page) => sorted.slice(page * PAGE_RATES, (page + 1) * PAGE_RATES));
}

export interface ParsedWrites {
  readonly writes: readonly RecordWrite[];
  readonly problems: readonly RecordProblem[];
}

/** All records of a directory but its price lists. */
export function inputWrites({ accounts, routes, numbers, sets, keyLists }: DirectoryInput): ParsedWrites {
  const named = sets !== undefined || keyLists !== undefined;
  const parsed = [
    ...accounts.map((account) => parseRecord(recordKeys.account(account.id), account)),
    ...numbers.map((row) => parseRecord(recordKeys.number(row.number), row)),
    parseRecord(recordKeys.routes(), routes),
    ...(named ? [parseRecord(recordKeys.sets(), { sets: sets ?? [], keyLists: keyLists ?? [] })] : []),
  ];
  return {
    writes: parsed.flatMap((each) => (each.type === "parsed" ? [each.write] : [])),
    problems: parsed.flatMap((each) => (each.type === "malformed" ? each.problems : [])),
  };
}
