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

test("tTestPValue() takes no wild value of four for another mean, however many quiet ones stand beside", () => {
  const quiet = momentsOf(Array.from({ length: 300 }, (_, i) => 1 + (i % 2) / 1_000));
  expect(tTestPValue(quiet, momentsOf([1, 1.001, 1, 9]))).toBeGreaterThan(0.3);
  // Nor four that happen to agree: each side's own spread would make 1 in 700,000 of that, both together 1 in 5.
  const agreed = momentsOf([1.01, 1.010_01, 1.01, 1.010_01]);
  const noisy = momentsOf(Array.from({ length: 40 }, (_, i) => 1 + ((i % 5) - 2) / 100));
  expect(tTestPValue(noisy, agreed)).toBeGreaterThan(0.1);
});

test("tTestPValue() of constants is 1 where they are equal and 0 where they are not, and 1 of too few", () => {
  const [ones, twos] = [momentsOf([1, 1, 1]), momentsOf([2, 2])];
  expect(tTestPValue(ones, ones)).toBe(1);
  expect(tTestPValue(ones, twos)).toBe(0);
  expect(tTestPValue(momentsOf([1]), momentsOf([2]))).toBe(1);
  expect(tTestPValue(momentsOf([]), twos)).toBe(1);
});
