/**
 * Price lists as people hand them on: CSV with a line of names, one rate a line, prices in units of the list's
 * currency. All of a file is taken, or nothing is and every line that is wrong is told. Pure.
 */
import { parse } from "csv-parse/sync";
import { senderTypes } from "#domain/e164.ts";
import { refundRules } from "#domain/event.ts";
import { messageClasses } from "#domain/lane.ts";
import { formatAmount, parseAmount, toMicros, toMicrosText } from "#domain/money.ts";
import { parseZonedTime } from "#domain/zoned-time.ts";
import { type PriceListInput, RATES_MAX, type Rate, rateKey, rateSchema } from "./price-list.ts";
import { areSorted, sortRates } from "./rate-page.ts";
import { repeated } from "./repeated.ts";

/** Of a file: RATES_MAX rates of 80 characters. */
const CSV_CHARS_MAX = RATES_MAX * 80;
const COLUMNS = ["prefix", "price", "class", "sender", "from", "refund"] as const;
type Column = (typeof COLUMNS)[number];
const NEEDED: readonly Column[] = ["prefix", "price"];

export interface CsvProblem {
  /** As an editor counts them; the names are on line 1. */
  readonly line: number;
  readonly message: string;
}

export type ParsedRates =
  | { readonly type: "parsed"; readonly rates: readonly Rate[] }
  | { readonly type: "malformed"; readonly problems: readonly CsvProblem[] };

type Row = Readonly<Partial<Record<Column, string>>>;

/** The rates in the order in which lists hold them. */
export function parseRates(csv: string): ParsedRates {
  if (csv.length > CSV_CHARS_MAX) return malformed(1, `it has more than ${CSV_CHARS_MAX} characters: make it in parts`);
  let lines: readonly { readonly record: Row; readonly info: { readonly lines: number } }[];
  try {
    lines = parse(csv, { bom: true, columns: readNames, info: true, skip_empty_lines: true, trim: true });
  } catch (error) {
    const { lines: line = 1 } = error as { readonly lines?: number };
    return malformed(line, error instanceof Error ? error.message : String(error));
  }
  if (lines.length > RATES_MAX) return malformed(1, `it has more than ${RATES_MAX} rates`);
  const read = lines.map(({ record, info }) => ({ line: info.lines, ...readRate(record) }));
  const problems = read.flatMap(({ line, messages }) => messages.map((message) => ({ line, message })));
  const rates = read.flatMap(({ rate }) => rate ?? []);
  if (problems.length > 0) return { type: "malformed", problems };
  const twice = repeated(rates, rateKey);
  if (twice.length > 0) {
    return {
      type: "malformed",
      problems: twice.map(({ index, earlier }) => ({
        line: read[index]?.line ?? 1,
        message: `line ${read[earlier]?.line} has said the price of the same already: leave one of them`,
      })),
    };
  }
  return { type: "parsed", rates: sortRates(rates) };
}

function malformed(line: number, message: string): ParsedRates {
  return { type: "malformed", problems: [{ line, message }] };
}

function readNames(names: readonly string[]): Column[] {
  const known = names.map((name) => name.trim().toLowerCase());
  const strange = known.filter((name) => !COLUMNS.some((column) => column === name));
  const missing = NEEDED.filter((column) => !known.includes(column));
  const rule = `the first line has the names of the columns, some of ${COLUMNS.join(",")}`;
  if (strange.length > 0) throw new Error(`there is no column '${strange[0]}': ${rule}`);
  if (missing.length > 0) throw new Error(`there is no column '${missing[0]}': ${rule}`);
  if (new Set(known).size < known.length) throw new Error(`a column is there twice: ${rule}`);
  return known as Column[];
}

function readRate(row: Row): { readonly rate?: Rate; readonly messages: readonly string[] } {
  const said = Object.fromEntries(Object.entries(row).filter(([, value]) => value !== "")) as Row;
  const micros = parseAmount(said.price ?? "");
  const from = said.from === undefined ? undefined : parseZonedTime(said.from);
  const messages = [
    ...(micros === undefined || micros < 0n ? [`price '${row.price}' is no amount such as 0.045`] : []),
    ...(said.from !== undefined && from === undefined
      ? [`from '${said.from}' is no time such as 2026-12-01T00:00:00Z`]
      : []),
    ...oneOf("class", said.class, messageClasses),
    ...oneOf("sender", said.sender, senderTypes),
    ...oneOf("refund", said.refund, refundRules),
  ];
  if (messages.length > 0 || micros === undefined) return { messages };
  const { prefix, class: kind, sender, refund } = said;
  const parsed = rateSchema.safeParse({
    ...{ prefix, priceMicros: toMicrosText(micros) },
    ...(kind !== undefined && { class: kind }),
    ...(sender !== undefined && { sender }),
    ...(from !== undefined && { from }),
    ...(refund !== undefined && { refund }),
  });
  if (parsed.success) return { rate: parsed.data, messages };
  return { messages: parsed.error.issues.map(({ message }) => `prefix '${row.prefix}': ${message}`) };
}

function oneOf(column: Column, value: string | undefined, values: readonly string[]): readonly string[] {
  if (value === undefined || values.includes(value)) return [];
  return [`${column} '${value}' is none of ${values.join(", ")}`];
}

/** What `parseRates` reads the same rates from. */
export function formatRates(rates: readonly Rate[]): string {
  const lines = rates.map(({ prefix, priceMicros, class: kind, sender, from, refund }) => {
    const begins = from === undefined ? "" : new Date(from).toISOString().replace(".000Z", "Z");
    return [prefix, formatAmount(toMicros(priceMicros)), kind, sender, begins, refund].map((cell) => cell ?? "").join();
  });
  return [COLUMNS.join(), ...lines, ""].join("\n");
}

export interface RateChanges {
  readonly added: readonly Rate[];
  readonly removed: readonly Rate[];
  readonly changed: readonly { readonly before: Rate; readonly after: Rate }[];
  readonly kept: number;
}

/** What would change if a list had these rates instead. Both in the order in which lists hold them. */
export function compareRates(before: readonly Rate[], after: readonly Rate[]): RateChanges {
  const held = new Map(before.map((rate) => [rateKey(rate), rate]));
  const wanted = new Set(after.map(rateKey));
  const pairs = after.map((rate) => ({ before: held.get(rateKey(rate)), after: rate }));
  const isSame = (one: Rate, other: Rate) => one.priceMicros === other.priceMicros && one.refund === other.refund;
  const changed = pairs.flatMap((pair) => {
    return pair.before === undefined || isSame(pair.before, pair.after) ? [] : [{ ...pair, before: pair.before }];
  });
  const added = pairs.flatMap((pair) => (pair.before === undefined ? [pair.after] : []));
  const removed = before.filter((rate) => !wanted.has(rateKey(rate)));
  return { added, removed, changed, kept: after.length - added.length - changed.length };
}

/** For a list as somebody wants it. Throws RangeError for rates that are not in order. */
export function toListInput(
  list: { readonly id: string; readonly currency: string },
  rates: readonly Rate[],
): PriceListInput {
  if (!areSorted(rates)) throw new RangeError(`Cannot make price list '${list.id}' as its rates are not in order`);
  return { ...list, rates: [...rates] };
}
