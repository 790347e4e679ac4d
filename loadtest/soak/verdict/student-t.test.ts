import { expect, test } from "bun:test";
import { momentsOf, tTestPValue } from "./student-t.ts";

/** Two samples whose t is as given, with `freedom` degrees. */
function pValueOf(t: number, freedom: number): number {
  const count = (freedom + 2) / 2;
  const sample = { count, squares: freedom / 2 };
  return tTestPValue({ ...sample, mean: 0 }, { ...sample, mean: t * Math.sqrt(2 / count) });
}

test("tTestPValue() is as in the tables of Student's t", () => {
  expect(pValueOf(12.706, 1)).toBeCloseTo(0.05, 5);
  expect(pValueOf(2.228, 10)).toBeCloseTo(0.05, 4);
  expect(pValueOf(4.587, 10)).toBeCloseTo(0.001, 5);
  expect(pValueOf(3.646, 30)).toBeCloseTo(0.001, 5);
  expect(pValueOf(3.373, 120)).toBeCloseTo(0.001, 5);
  expect(pValueOf(0.677, 120)).toBeCloseTo(0.5, 3);
  // One degree of freedom is Cauchy's distribution, which has a closed form.
  expect(pValueOf(1, 1)).toBeCloseTo(0.5, 12);
  expect(pValueOf(40, 1)).toBeCloseTo(1 - (2 / Math.PI) * Math.atan(40), 12);
});

test("tTestPValue() of constants is 1 where they are equal and 0 where they are not, and 1 of too few", () => {
  const [ones, twos] = [momentsOf([1, 1, 1]), momentsOf([2, 2])];
  expect(tTestPValue(ones, ones)).toBe(1);
  expect(tTestPValue(ones, twos)).toBe(0);
  expect(tTestPValue(momentsOf([1]), momentsOf([2]))).toBe(1);
  expect(tTestPValue(momentsOf([]), twos)).toBe(1);
});
