/** Aggregation expressions, as they stand in pipeline updates, `$expr`, `$project` and `$group`. */
import { addNumbers, compareValues, toNumber } from "./bson-order.ts";
import { type Fields, fieldAt, isFields, notModelled } from "./sim-document.ts";

export interface Scope {
  readonly document: Fields;
  /** `$$NOW`: one for the whole command. */
  readonly now: Date;
}

/** Undefined is a missing value. */
export function evaluate(expression: unknown, scope: Scope): unknown {
  if (typeof expression === "string") {
    if (expression === "$$NOW") return scope.now;
    if (expression.startsWith("$$")) return notModelled(`variable ${expression}`);
    return expression.startsWith("$") ? fieldAt(scope.document, expression.slice(1)) : expression;
  }
  if (Array.isArray(expression)) return notModelled("an array as an expression");
  if (!isFields(expression)) return expression;
  const [operator, ...others] = Object.keys(expression);
  if (operator === undefined || others.length > 0 || !operator.startsWith("$")) {
    return notModelled(`expression ${JSON.stringify(expression)}`);
  }
  return evaluateOperator(operator, expression[operator], scope);
}

function evaluateOperator(operator: string, operand: unknown, scope: Scope): unknown {
  if (operator === "$literal") return operand;
  const operands = Array.isArray(operand) ? operand : notModelled(`${operator} without a list`);
  const at = (index: number): unknown => evaluate(operands[index], scope);
  switch (operator) {
    case "$and":
      return operands.every((each) => isTrue(evaluate(each, scope)));
    case "$cond":
      return isTrue(at(0)) ? at(1) : at(2);
    case "$ifNull":
      return at(0) ?? at(1);
    case "$lt":
      return compareValues(at(0), at(1)) < 0;
    case "$lte":
      return compareValues(at(0), at(1)) <= 0;
    case "$gt":
      return compareValues(at(0), at(1)) > 0;
    case "$min":
      return smallest(operands.map((each) => evaluate(each, scope)));
    case "$add":
      return add(at(0), at(1));
    case "$subtract":
      return subtract(at(0), at(1));
  }
  return notModelled(`operator ${operator}`);
}

function isTrue(value: unknown): boolean {
  return value !== undefined && value !== null && value !== false && value !== 0;
}

function smallest(values: readonly unknown[]): unknown {
  const present = values.filter((value) => value !== undefined && value !== null);
  return present.length === 0 ? null : present.reduce((a, b) => (compareValues(b, a) < 0 ? b : a));
}

function add(one: unknown, other: unknown): unknown {
  if ((one ?? null) === null || (other ?? null) === null) return null;
  if (one instanceof Date) return new Date(one.getTime() + Number(toNumber(other)));
  return addNumbers(toNumber(one), toNumber(other));
}

/** The set answers the difference of two dates as a Long, which the driver makes a number of. */
function subtract(one: unknown, other: unknown): unknown {
  if ((one ?? null) === null || (other ?? null) === null) return null;
  if (one instanceof Date && other instanceof Date) return one.getTime() - other.getTime();
  if (one instanceof Date) return new Date(one.getTime() - Number(toNumber(other)));
  const [a, b] = [toNumber(one), toNumber(other)];
  return typeof a === "number" && typeof b === "number" ? a - b : notModelled("$subtract of Longs");
}
