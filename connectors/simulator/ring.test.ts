import { expect, test } from "bun:test";
import { createRing } from "./ring.ts";

test("gives what came after a count, oldest first", () => {
  const ring = createRing<{ readonly word: string }>();
  for (const word of ["a", "b", "c"]) ring.add({ word });
  expect([...ring.since(1)]).toEqual([
    [2, { word: "b" }],
    [3, { word: "c" }],
  ]);
  expect([...ring.since(3)]).toEqual([]);
});

test("forgets the oldest past its bound", () => {
  const ring = createRing<{ readonly n: number }>();
  for (let n = 1; n <= 100_003; n++) ring.add({ n });
  const held = [...ring.since(0)];
  expect([held.length, held[0], held.at(-1)]).toEqual([100_000, [4, { n: 4 }], [100_003, { n: 100_003 }]]);
});
