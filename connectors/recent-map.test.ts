import { expect, test } from "bun:test";
import { createRecentMap } from "./recent-map.ts";

test("it holds the last entries, and never more than twice as many as asked for", () => {
  const map = createRecentMap<number, string>(100);
  for (let i = 0; i < 10_000; i++) {
    map.set(i, `v${i}`);
    expect(map.get(Math.max(0, i - 99))).toBe(`v${Math.max(0, i - 99)}`);
  }
  expect([...map.keys()].length).toBeLessThanOrEqual(200);
  expect(map.get(0)).toBeUndefined();
});

test("a key that comes again has its new value, and is there once", () => {
  const map = createRecentMap<string, number>(2);
  map.set("a", 1);
  map.set("b", 2);
  map.set("a", 3);
  expect(map.get("a")).toBe(3);
  expect([...map.keys()].toSorted()).toEqual(["a", "b"]);
});
