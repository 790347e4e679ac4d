/** Updates: operators, and pipelines of `$set` stages. */
import { Long } from "mongodb";
import { addNumbers, compareValues, toNumber } from "./bson-order.ts";
import { evaluate } from "./evaluate-expression.ts";
import { type Fields, fieldAt, isFields, notModelled, type SimDocument, withField } from "./sim-document.ts";

export type Update = Fields | readonly Fields[];

const isPipeline = (update: Update): update is readonly Fields[] => Array.isArray(update);

/** The same document where nothing changes. */
export function applyUpdate(document: SimDocument, update: Update, now: Date): SimDocument {
  const updated = isPipeline(update)
    ? update.reduce<SimDocument>((held, stage) => applyStage(held, stage, now), document)
    : applyOperators(document, update, false);
  if (updated._id !== document._id) return notModelled("an update of _id");
  return isSame(document, updated) ? document : updated;
}

/** What an upsert that found nothing inserts: the equalities of its filter, updated. */
export function upsertedDocument(filter: Fields, update: Update, now: Date): SimDocument {
  const seed = Object.entries(filter).filter(([key, value]) => !key.startsWith("$") && !isFields(value));
  const document = Object.fromEntries(seed) as SimDocument;
  if (typeof document._id !== "string") return notModelled("an upsert without a text as its _id");
  return isPipeline(update)
    ? update.reduce<SimDocument>((held, stage) => applyStage(held, stage, now), document)
    : applyOperators(document, update, true);
}

function applyStage(document: SimDocument, stage: Fields, now: Date): SimDocument {
  const { $set, ...others } = stage;
  if (!isFields($set) || Object.keys(others).length > 0) return notModelled(`stage ${JSON.stringify(stage)}`);
  // Every expression sees the document as it was before the stage.
  const scope = { document, now };
  let updated = document;
  for (const path in $set) updated = withField(updated, path, evaluate($set[path], scope));
  return updated;
}

function applyOperators(document: SimDocument, update: Fields, isInsert: boolean): SimDocument {
  let updated = document;
  for (const operator in update) {
    const changes = update[operator] as Fields;
    for (const path in changes) {
      if (operator === "$setOnInsert" && !isInsert) continue;
      const before = fieldAt(updated, path);
      updated = withField(updated, path, changed(operator, before, changes[path]));
    }
  }
  return updated;
}

function changed(operator: string, before: unknown, operand: unknown): unknown {
  switch (operator) {
    case "$set":
    case "$setOnInsert":
      return operand;
    case "$unset":
      return undefined;
    case "$max":
      return before === undefined || compareValues(operand, before) > 0 ? operand : before;
    case "$inc":
      return before === undefined ? operand : addNumbers(toNumber(before), toNumber(operand));
  }
  return notModelled(`update operator ${operator}`);
}

function isSame(one: SimDocument, other: SimDocument): boolean {
  if (one === other) return true;
  for (const field in other) {
    const [a, b] = [one[field], other[field]];
    if (a !== b && (compareValues(a, b) !== 0 || a instanceof Long !== b instanceof Long)) return false;
  }
  return Object.keys(one).length === Object.keys(other).length;
}
