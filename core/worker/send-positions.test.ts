import { expect, test } from "bun:test";
import { type SubmitItem, submitItemSchema } from "#domain/item.ts";
import { toPositions } from "./send-positions.ts";

const item = (over: Partial<SubmitItem>): SubmitItem =>
  submitItemSchema.parse({
    ...{ id: "syd1-01jd0000000000000000000001", account: "demo", to: "+61491570006", from: "Shop", text: "hi" },
    ...{ class: "transactional", encoding: "gsm7", segments: 1, provider: "sim", attempt: 1, tries: 0, ...over },
  });
const shapes = (items: readonly SubmitItem[]) =>
  toPositions(items).map(({ segment, segments, encoding, part }) => [segment, segments, encoding, part]);

test("a text is cut by its own alphabet, whatever its item says of it", () => {
  expect(shapes([item({ encoding: "ucs2" }), item({ text: `ж${"x".repeat(69)}y` })])).toEqual([
    [0, 1, "gsm7", "hi"],
    [0, 2, "ucs2", `ж${"x".repeat(66)}`],
    [1, 2, "ucs2", "xxxy"],
  ]);
});

test("a part that its sender cut stays one, in its own alphabet, half a pair at its end or not", () => {
  const concat = { reference: 9, total: 2, index: 1 };
  expect(shapes([item({ concat, encoding: "ucs2" })])).toEqual([[0, 1, "ucs2", "hi"]]);
  expect(shapes([item({ concat, encoding: "gsm7" })])).toEqual([[0, 1, "gsm7", "hi"]]);
  expect(shapes([item({ concat, encoding: "gsm7", text: "ж" })])).toEqual([[0, 1, "ucs2", "ж"]]);
  expect(shapes([item({ concat, encoding: "ucs2", text: "hi \ud83d" })])).toEqual([[0, 1, "ucs2", "hi \ud83d"]]);
});
