/** The t-test of two samples, from their means and spreads. Pure. */

export interface SampleMoments {
  readonly count: number;
  readonly mean: number;
  /** Sum of the squares of what each is away from the mean. */
  readonly squares: number;
}

export function momentsOf(values: readonly number[]): SampleMoments {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return { count: values.length, mean, squares: values.reduce((sum, value) => sum + (value - mean) ** 2, 0) };
}

/**
 * Chance of means this far apart, either way, if both samples were of normal distributions with one mean: the larger of
 * two tests. Student's (1908) takes the spread of both sides together, so that one wild value of four drowns among many
 * quiet ones and makes a mean; Welch's (1947) takes each side's own, and is fooled by four values that happen to agree.
 * 1 where there are too few values to tell, or no difference at all.
 */
export function tTestPValue(left: SampleMoments, right: SampleMoments): number {
  const apart = Math.abs(left.mean - right.mean);
  if (!(left.count > 1 && right.count > 1) || apart === 0) return 1;
  const pooledFreedom = left.count + right.count - 2;
  const pooled = ((left.squares + right.squares) / pooledFreedom) * (1 / left.count + 1 / right.count);
  // Two different constants: as sure as can be.
  if (pooled === 0) return 0;
  const [a, b] = [left, right].map(({ count, squares }) => squares / (count - 1) / count) as [number, number];
  const ownFreedom = (a + b) ** 2 / (a ** 2 / (left.count - 1) + b ** 2 / (right.count - 1));
  return Math.max(tailsOf(apart ** 2 / pooled, pooledFreedom), tailsOf(apart ** 2 / (a + b), ownFreedom));
}

/** Both tails of Student's distribution beyond the root of `square`. */
function tailsOf(square: number, freedom: number): number {
  return incompleteBeta(freedom / (freedom + square), freedom / 2, 0.5);
}

/** Terms of the continued fraction; it settles in some tens for the freedoms of a history. */
const TERMS_MAX = 300;
const SETTLED = 1e-14;
/** Stands for a zero that would be divided by. */
const TINY = 1e-300;

/** The regularised incomplete beta function, by its continued fraction (Abramowitz and Stegun 26.5.8), after Lentz. */
function incompleteBeta(x: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  // The fraction settles fast only on this side of the mean; the other side is the mirror image.
  if (x > (a + 1) / (a + b + 2)) return 1 - incompleteBeta(1 - x, b, a);
  const front = Math.exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log(1 - x)) / a;
  let value = 1;
  let above = 1;
  let below = 0;
  for (let term = 1; term <= TERMS_MAX; term++) {
    const numerator = betaTerm(term, x, a, b);
    below = 1 / awayFromZero(1 + numerator * below);
    above = awayFromZero(1 + numerator / above);
    value *= above * below;
    if (Math.abs(above * below - 1) < SETTLED) break;
  }
  return front / value;
}

function betaTerm(term: number, x: number, a: number, b: number): number {
  const m = Math.floor(term / 2);
  if (term % 2 === 0) return (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
  return (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
}

function awayFromZero(value: number): number {
  return Math.abs(value) < TINY ? TINY : value;
}

/** Above this Stirling's series, with the terms that are here, is right to the last digit. */
const STIRLING_FROM = 12;

function logGamma(z: number): number {
  if (z < STIRLING_FROM) return logGamma(z + 1) - Math.log(z);
  const inverse = 1 / (z * z);
  const series = (1 / 12 - inverse * (1 / 360 - inverse * (1 / 1260 - inverse / 1680))) / z;
  return (z - 0.5) * Math.log(z) - z + 0.5 * Math.log(2 * Math.PI) + series;
}
