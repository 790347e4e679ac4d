import { expect, test } from "bun:test";
import { foldEvents } from "#domain/fold.ts";
import { deliveredLife, START, sampleId } from "../testing/sample-events.ts";
import { createStateCache } from "./state-cache.ts";

const open = (number: number) => foldEvents(deliveredLife(sampleId("syd1", number), START).slice(0, 2));

test("the least recently kept state goes first, and the bound holds", () => {
  const cache = createStateCache(2);
  for (const number of [1, 2, 1, 3]) cache.keep(sampleId("syd1", number), open(number));
  expect(cache.size).toBe(2);
  expect(cache.get(sampleId("syd1", 2))).toBeUndefined();
  expect(cache.get(sampleId("syd1", 1))).toBeDefined();
});

test("a final state is forgotten", () => {
  const cache = createStateCache(2);
  const id = sampleId("syd1", 1);
  cache.keep(id, open(1));
  cache.keep(id, foldEvents(deliveredLife(id, START)));
  expect(cache.size).toBe(0);
});
