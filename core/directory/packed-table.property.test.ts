// The packed table against a plain map: whatever is put in, changed and taken out, in pages or one by one.
import { expect, test } from "bun:test";
import fc from "fast-check";
import { createPacking, emptyTable, type PackedTable } from "./packed-table.ts";

/** Few keys, so that they are changed, and many, so that parts have several. */
const keys = fc.oneof(
  fc.constantFrom("a", "b", "acme", "acme_1"),
  fc.nat(3_000).map((i) => `k${i}`),
);
const rows = fc.string({ unit: "binary", maxLength: 40 }).map((text) => text.replaceAll(/[\ud800-\udfff]/g, "?"));
const changes = fc.array(fc.tuple(keys, fc.option(rows, { nil: undefined })), { maxLength: 60, size: "max" });

function expectSame(table: PackedTable, model: ReadonlyMap<string, string>): void {
  expect(new Map(table.entries())).toEqual(new Map(model));
  expect(table.size).toBe(model.size);
  for (const [key, row] of model) {
    expect(table.get(key)).toBe(row);
  }
  for (const key of ["", "acme_", "k", "no such key", "k1\n"]) expect(table.get(key)).toBe(model.get(key) as never);
}

test("a table that is packed and then changed holds what a map does, and the one before stays as it was", () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.tuple(keys, rows), { selector: ([key]) => key }),
      fc.array(changes),
      (first, steps) => {
        const packing = createPacking();
        for (const [key, row] of first) packing.add(key, row);
        let table = packing.finish();
        let model = new Map(first);
        expectSame(table, model);
        for (const step of steps) {
          const [before, was] = [table, model];
          table = table.with(new Map(step));
          model = new Map(model);
          for (const [key, row] of new Map(step)) {
            if (row === undefined) model.delete(key);
            else model.set(key, row);
          }
          expectSame(table, model);
          expectSame(before, was);
        }
      },
    ),
    { numRuns: 200 },
  );
});

test("10,000 rows and long ones are packed and found, and a first line without its row", () => {
  const packing = createPacking();
  const rowOf = (i: number) => `list_${i}\n${"x".repeat(i % 97)}`;
  for (let i = 0; i < 10_000; i++) packing.add(`customer_${i}`, rowOf(i));
  packing.add("long", "y".repeat(300_000));
  const table = packing.finish();
  expect(table.size).toBe(10_001);
  for (let i = 0; i < 10_000; i += 7) {
    expect([table.get(`customer_${i}`), table.firstLine(`customer_${i}`)]).toEqual([rowOf(i), `list_${i}`]);
  }
  expect(table.get("long")).toHaveLength(300_000);
  expect([table.get("customer_10000"), table.firstLine("customer_"), emptyTable.get("long")]).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
});
