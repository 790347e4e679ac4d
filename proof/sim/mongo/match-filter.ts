/** Filters of queries. Comparisons are between values of one type only, as in MongoDB's "type bracketing". */
import { compareValues, typeRank } from "./bson-order.ts";
import { evaluate } from "./evaluate-expression.ts";
import { type Fields, fieldAt, isFields, notModelled } from "./sim-document.ts";

export function matches(document: Fields, filter: Fields, now: Date): boolean {
  for (const key in filter) if (!matchesClause(document, key, filter[key], now)) return false;
  return true;
}

function matchesClause(document: Fields, key: string, condition: unknown, now: Date): boolean {
  if (key === "$or") return (condition as readonly Fields[]).some((each) => matches(document, each, now));
  if (key === "$expr") return evaluate(condition, { document, now }) === true;
  if (key.startsWith("$")) return notModelled(`filter operator ${key}`);
  const value = fieldAt(document, key);
  if (!isFields(condition)) return equals(value, condition);
  for (const operator in condition) {
    if (!matchesOperator(value, operator, condition[operator])) return false;
  }
  return true;
}

function matchesOperator(value: unknown, operator: string, operand: unknown): boolean {
  switch (operator) {
    case "$in":
      return (operand as readonly unknown[]).some((each) => equals(value, each));
    case "$gt":
      return isOfType(value, operand) && compareValues(value, operand) > 0;
    case "$gte":
      return isOfType(value, operand) && compareValues(value, operand) >= 0;
    case "$lt":
      return isOfType(value, operand) && compareValues(value, operand) < 0;
    case "$lte":
      return isOfType(value, operand) && compareValues(value, operand) <= 0;
  }
  return notModelled(`filter operator ${operator}`);
}

/** Null is also what is missing, and an array has each of its elements. */
function equals(value: unknown, wanted: unknown): boolean {
  if (wanted === null || wanted === undefined) return value === null || value === undefined;
  if (Array.isArray(value)) return value.some((each) => equals(each, wanted));
  return isOfType(value, wanted) && compareValues(value, wanted) === 0;
}

function isOfType(value: unknown, operand: unknown): boolean {
  if (Array.isArray(value)) return notModelled("a range over an array");
  return typeRank(value) === typeRank(operand);
}
