/** What a query gives of the documents it found: order, number, projection; and aggregation pipelines over them. */
import { Long } from "mongodb";
import { addNumbers, compareValues, toNumber } from "./bson-order.ts";
import { evaluate } from "./evaluate-expression.ts";
import { matches } from "./match-filter.ts";
import { type Fields, fieldAt, isFields, notModelled } from "./sim-document.ts";

export interface FindOptions {
  readonly projection?: Fields;
  readonly sort?: Readonly<Record<string, 1 | -1>>;
  readonly limit?: number;
  readonly promoteLongs?: boolean;
}

/** `found` comes in the order of ids. */
export function shapeResult(found: readonly Fields[], options: FindOptions, now: Date): readonly Fields[] {
  const sorted = options.sort === undefined ? found : sortBy(found, options.sort);
  const cut = options.limit ? sorted.slice(0, options.limit) : sorted;
  const { projection } = options;
  const shaped = projection === undefined ? cut : cut.map((document) => project(document, projection, now));
  return options.promoteLongs === false ? shaped : shaped.map(promoteLongs);
}

/** The driver's default: a Long arrives as a number. */
export function promoteLongs(document: Fields): Fields {
  for (const field in document) {
    if (!(document[field] instanceof Long)) continue;
    const promoted = Object.entries(document).map(([key, each]) => [
      key,
      each instanceof Long ? each.toNumber() : each,
    ]);
    return Object.fromEntries(promoted) as Fields;
  }
  return document;
}

function sortBy(documents: readonly Fields[], sort: Readonly<Record<string, 1 | -1>>): readonly Fields[] {
  const [[field, order] = notModelled("an empty sort"), ...others] = Object.entries(sort);
  if (others.length > 0) return notModelled("a sort by several fields");
  if (field === "_id") return order === 1 ? documents : documents.toReversed();
  return documents.toSorted((a, b) => order * compareValues(fieldAt(a, field), fieldAt(b, field)));
}

/** Either of fields to keep (and computed ones), or of fields to leave out. */
function project(document: Fields, projection: Fields, now: Date): Fields {
  const { _id: id, ...rest } = projection;
  const excludes = Object.entries(rest).filter(([, value]) => value === 0);
  if (excludes.length > 0) {
    if (excludes.length < Object.keys(rest).length || id === 0) return notModelled("a mixed projection");
    return Object.fromEntries(Object.entries(document).filter(([field]) => rest[field] === undefined));
  }
  const projected: Record<string, unknown> = id === 0 ? {} : { _id: document._id };
  for (const path in rest) {
    if (path.includes(".")) return notModelled("a projection of a dotted path");
    const value = rest[path] === 1 ? document[path] : evaluate(rest[path], { document, now });
    if (value !== undefined) projected[path] = value;
  }
  return projected;
}

export function runPipeline(found: readonly Fields[], pipeline: readonly Fields[], now: Date): readonly Fields[] {
  let documents = found;
  for (const stage of pipeline) {
    const [operator = "", ...others] = Object.keys(stage);
    const operand = stage[operator];
    if (others.length > 0 || !isFields(operand)) return notModelled(`stage ${JSON.stringify(stage)}`);
    if (operator === "$match") documents = documents.filter((document) => matches(document, operand, now));
    else if (operator === "$project") documents = documents.map((document) => project(document, operand, now));
    else if (operator === "$group") documents = group(documents, operand, now);
    else return notModelled(`stage ${operator}`);
  }
  return documents;
}

function group(documents: readonly Fields[], { _id: by, ...accumulators }: Fields, now: Date): readonly Fields[] {
  const groups = Map.groupBy(documents, (document) => evaluate(by, { document, now }) ?? null);
  return [...groups].map(([_id, members]) => {
    const fields = Object.entries(accumulators).map(([field, accumulator]) => {
      return [field, accumulate(accumulator as Fields, members, now)];
    });
    return { _id, ...Object.fromEntries(fields) } as Fields;
  });
}

function accumulate(accumulator: Fields, members: readonly Fields[], now: Date): unknown {
  const [operator = "", ...others] = Object.keys(accumulator);
  if (others.length > 0) return notModelled(`accumulator ${JSON.stringify(accumulator)}`);
  const values = members.map((document) => evaluate(accumulator[operator], { document, now }));
  if (operator === "$sum") return values.reduce<number | Long>((sum, each) => addNumbers(sum, toNumber(each)), 0);
  if (operator === "$max") return values.reduce((max, each) => (compareValues(each, max) > 0 ? each : max));
  return notModelled(`accumulator ${operator}`);
}
