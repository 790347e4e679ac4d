/** How MongoDB orders values of different types, and values of one: its "comparison order", as far as we store them. */
import { Long } from "mongodb";
import { isFields, notModelled } from "./sim-document.ts";

const RANK = { missing: 0, null: 1, number: 2, string: 3, object: 4, array: 5, boolean: 6, date: 7 } as const;

export function typeRank(value: unknown): number {
  switch (typeof value) {
    case "undefined":
      return RANK.missing;
    case "number":
      return RANK.number;
    case "string":
      return RANK.string;
    case "boolean":
      return RANK.boolean;
  }
  if (value === null) return RANK.null;
  if (value instanceof Date) return RANK.date;
  if (value instanceof Long) return RANK.number;
  if (Array.isArray(value)) return RANK.array;
  return isFields(value) ? RANK.object : notModelled(`a value of type ${Object.prototype.toString.call(value)}`);
}

/** Numbers of JavaScript and Long, for arithmetic: Long where one of them is. */
export function toNumber(value: unknown): number | Long {
  return typeof value === "number" || value instanceof Long ? value : notModelled(`arithmetic on ${String(value)}`);
}

/** Below 0, 0 or above 0. */
export function compareValues(one: unknown, other: unknown): number {
  if (typeof one === "string" && typeof other === "string") return one < other ? -1 : one > other ? 1 : 0;
  const byType = typeRank(one) - typeRank(other);
  if (byType !== 0) return byType;
  if (one instanceof Date && other instanceof Date) return one.getTime() - other.getTime();
  if (one instanceof Long || other instanceof Long) return asLong(one).compare(asLong(other));
  if (typeof one === "number" && typeof other === "number") return one - other;
  if (typeof one === "boolean") return Number(one) - Number(other);
  if (Array.isArray(one) && Array.isArray(other)) return compareLists(one, other);
  if (isFields(one) && isFields(other)) return compareLists(Object.entries(one), Object.entries(other));
  return 0;
}

function compareLists(one: readonly unknown[], other: readonly unknown[]): number {
  for (let i = 0; i < Math.min(one.length, other.length); i++) {
    const order = compareValues(one[i], other[i]);
    if (order !== 0) return order;
  }
  return one.length - other.length;
}

function asLong(value: unknown): Long {
  return value instanceof Long ? value : Long.fromNumber(Number(value));
}

export function addNumbers(one: number | Long, other: number | Long): number | Long {
  return typeof one === "number" && typeof other === "number" ? one + other : asLong(one).add(asLong(other));
}
