import { expect, test } from "bun:test";
import { canonicalJson } from "./canonical-json.ts";

test("the order of fields makes no difference, at any depth; the order of a list does", () => {
  const [one, other] = [
    { b: 1, a: { d: [{ y: 1, x: 2 }], c: null } },
    { a: { c: null, d: [{ x: 2, y: 1 }] }, b: 1 },
  ];
  expect(canonicalJson(one)).toBe('{"a":{"c":null,"d":[{"x":2,"y":1}]},"b":1}');
  expect(canonicalJson(other)).toBe(canonicalJson(one));
  expect(canonicalJson([1, 2])).not.toBe(canonicalJson([2, 1]));
});

test("a field that is undefined is none, and no name of a field is special", () => {
  expect(canonicalJson({ a: undefined, b: 1 })).toBe('{"b":1}');
  const named = JSON.parse('{"metadata":{"__proto__":"x","a":"y"}}') as unknown;
  expect(canonicalJson(named)).toBe('{"metadata":{"__proto__":"x","a":"y"}}');
});
