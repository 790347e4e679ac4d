import { expect, test } from "bun:test";
import fc from "fast-check";
import { thinPoints } from "./thin-points.ts";

test("thinPoints() keeps the bound, the order, the lowest and the highest, and invents nothing", () => {
  const values = fc.array(fc.integer({ min: -1_000, max: 1_000 }), { minLength: 1, maxLength: 400 });
  fc.assert(
    fc.property(values, fc.integer({ min: 2, max: 60 }), (all, max) => {
      const points = all.map((value, i) => [i * 5, value] as const);
      const kept = thinPoints(points, max);
      expect(kept.length).toBeLessThanOrEqual(Math.min(max, all.length));
      expect(kept).toEqual(points.filter((point) => kept.includes(point)));
      expect(Math.min(...kept.map(([, value]) => value))).toBe(Math.min(...all));
      expect(Math.max(...kept.map(([, value]) => value))).toBe(Math.max(...all));
    }),
  );
});

test("thinPoints() leaves few points as they are", () => {
  const points = [[0, 1] as const, [1, 2] as const];
  expect(thinPoints(points, 2)).toBe(points);
  expect(thinPoints([], 2)).toEqual([]);
});
