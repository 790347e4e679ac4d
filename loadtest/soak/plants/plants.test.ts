import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { applyEdit, PlantError } from "./plant.ts";
import { plants } from "./plants.ts";

const ROOT = join(import.meta.dir, "..", "..", "..");

test.each(plants.map((plant) => [plant.name, plant] as const))(
  "%s can be planted into the source of today",
  (_, plant) => {
    const files = Map.groupBy(plant.edits, ({ file }) => file);
    for (const [file, edits] of files) {
      const text = readFileSync(join(ROOT, file), "utf8");
      const planted = edits.reduce((before, edit) => applyEdit(before, edit, plant.name), text);
      expect(() => new Bun.Transpiler({ loader: "ts" }).transformSync(planted)).not.toThrow();
      expect(planted).not.toBe(text);
    }
  },
);

test("a place that is not there, or there twice, is no place to plant", () => {
  const edit = { file: "f", find: "a", replace: "b" };
  expect(() => applyEdit("xyz", edit, "p")).toThrow(PlantError);
  expect(() => applyEdit("aa", edit, "p")).toThrow("2 times");
  expect(applyEdit("xax", { ...edit, replace: "$&" }, "p")).toBe("x$&x");
});
