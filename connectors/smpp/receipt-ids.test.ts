import { describe, expect, test } from "bun:test";
import { createReceiptIds, type LearntForm } from "./receipt-ids.ts";

const TO = "+491701234567";

/** Submits `count` ids and gives the receipts that `write` makes of them. */
function after(count: number, idOf: (n: number) => string, write: (n: number) => string) {
  const learnings: LearntForm[] = [];
  const ids = createReceiptIds((form) => learnings.push(form));
  for (let n = 1; n <= count; n++) ids.submitted(idOf(n), TO);
  const resolved = Array.from({ length: count }, (_, i) => ids.resolve(write(i + 1), ["Shop", TO]));
  return { ids, learnings, resolved };
}
const value = (n: number): number => 0xa0_0000 + n * 7;

describe("ids that receipts write another way", () => {
  const cases: readonly (readonly [string, (n: number) => string, (n: number) => string])[] = [
    ["hex, then decimal", (n) => value(n).toString(16), (n) => String(value(n))],
    [
      "upper hex, then padded decimal",
      (n) => value(n).toString(16).toUpperCase(),
      (n) => String(value(n)).padStart(20, "0"),
    ],
    [
      "padded upper hex, then decimal",
      (n) => value(n).toString(16).toUpperCase().padStart(10, "0"),
      (n) => String(value(n)),
    ],
    ["decimal, then padded", (n) => String(value(n)), (n) => String(value(n)).padStart(10, "0")],
    ["padded decimal, then not", (n) => String(value(n)).padStart(12, "0"), (n) => String(value(n))],
    ["decimal, then hex", (n) => String(value(n)), (n) => value(n).toString(16)],
    ["upper case, then lower", (n) => `MSG-${value(n)}-Z`, (n) => `msg-${value(n)}-z`],
    [
      "hex, then hex in other case and width",
      (n) => value(n).toString(16),
      (n) => value(n).toString(16).toUpperCase().padStart(8, "0"),
    ],
  ];
  test.each(cases)("%s: found at once, learnt once, and right for what is long forgotten", (_, idOf, write) => {
    const { ids, learnings, resolved } = after(10, idOf, write);
    expect(resolved).toEqual(Array.from({ length: 10 }, (_, i) => idOf(i + 1)));
    expect(learnings).toHaveLength(1);
    if (ids.learnt?.answer !== "folded") expect(ids.resolve(write(5_000), [TO])).toBe(idOf(5_000));
  });
});

test("where both write the same nothing is learnt, whatever else would fit", () => {
  const { ids, resolved } = after(10, String, String);
  expect(resolved).toEqual(Array.from({ length: 10 }, (_, i) => String(i + 1)));
  expect(ids.learnt).toBeUndefined();
  expect(ids.resolve("0000009999", [TO])).toBe("0000009999");
});

test("a fit for another number is chance, and two samples are too few", () => {
  const ids = createReceiptIds();
  for (let n = 1; n <= 3; n++) ids.submitted(value(n).toString(16), TO);
  expect(ids.resolve(String(value(1)), ["+4915100000000"])).toBe(String(value(1)));
  ids.resolve(String(value(1)), [TO]);
  ids.resolve(String(value(2)), [TO]);
  expect(ids.learnt).toBeUndefined();
  ids.resolve(String(value(3)), [TO]);
  expect(ids.learnt).toMatchObject({ answer: "hex", receipt: "decimal" });
});

test("an id that is another submit's as it stands goes to the submit of its own number", () => {
  const other = "+4915100000000";
  const ids = createReceiptIds();
  ids.submitted("64", TO);
  ids.submitted("100", other);
  expect(ids.resolve("100", [TO])).toBe("64");
  expect(ids.resolve("100", [other])).toBe("100");
  // Neither's, as far as the number says: as it stands.
  expect(ids.resolve("100", ["0170 1234567"])).toBe("100");
});

test("it remembers a bounded number of submits", () => {
  const ids = createReceiptIds();
  for (let n = 1; n <= 50_000; n++) ids.submitted(value(n).toString(16), TO);
  expect(ids.resolve(String(value(50_000)), [TO])).toBe(value(50_000).toString(16));
  expect(ids.resolve(String(value(1)), [TO])).toBe(String(value(1)));
});
