import { expect, test } from "bun:test";
import fc from "fast-check";
import { isDrawn, scaleFor } from "./value-scale.ts";

test("an axis begins at zero and names round values", () => {
  expect(scaleFor([12, 148, 390]).ticks).toEqual([0, 100, 200, 300, 400]);
  expect(scaleFor([0.1, 0.3]).ticks).toEqual([0, 0.1, 0.2, 0.3]);
  expect(scaleFor([-3, 4]).ticks).toEqual([-4, -2, 0, 2, 4]);
  expect(scaleFor([]).ticks).toEqual([0]);
});

test("peaks far above the rest are drawn by powers of ten", () => {
  const scale = scaleFor([...Array.from({ length: 100 }, () => 150), 16_000]);
  expect(scale.logarithmic).toBe(true);
  expect(scale.ticks).toEqual([0, 100, 1_000, 10_000]);
  expect(scale.place(150)).toBeGreaterThan(0.1);
});

test("every value has its place between the bottom and the top, and higher ones are higher", () => {
  const values = fc.array(fc.double({ noNaN: true }).filter(isDrawn), { minLength: 1, maxLength: 30 });
  fc.assert(
    fc.property(values, (all) => {
      const scale = scaleFor(all);
      const places = all.toSorted((a, b) => a - b).map(scale.place);
      expect(places).toEqual(places.toSorted((a, b) => a - b));
      for (const place of [...places, ...scale.ticks.map(scale.place)]) {
        expect(place).toBeGreaterThanOrEqual(-1e-9);
        expect(place).toBeLessThanOrEqual(1 + 1e-9);
      }
      expect(scale.ticks.length).toBeLessThanOrEqual(8);
    }),
  );
});
