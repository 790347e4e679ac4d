/**
 * Two builds in one night: blocks of load in the order A B B A, so that a machine that gets slower does so for both.
 * Each pair of neighbours gives one ratio, and ratios are what is judged. Pure; chance comes as an argument, so that
 * the same blocks always get the same answer.
 */
import type { Random } from "#domain/random.ts";
import { median } from "../../queue/repeat.ts";
import { floorAt, type Tolerance } from "./gate-kinds.ts";

export interface Block {
  /** The build that is compared with, or the one that is judged. */
  readonly side: "base" | "candidate";
  readonly value: number;
}

/** Below, no order of ranks is rare enough: the rarest of four has a chance of 1 in 16, of five 1 in 32. */
export const PAIRS_MIN = 5;
/** A night of five-minute blocks; work on them grows with the square. */
export const PAIRS_MAX = 48;
/** Of the worse side alone: nobody is woken for a build that is faster. */
const SIGNIFICANCE = 0.05;
const INTERVAL_SHARE = 0.95;
/** The ends of a 95 % interval are then the 50th from each side. */
const RESAMPLES = 2_000;

export interface PairedResult {
  readonly pairs: number;
  /** Candidate over base: estimate and 95 % interval. */
  readonly ratio: number;
  readonly low: number;
  readonly high: number;
  /** Chance of ranks this bad or worse if the builds were equal; exact. */
  readonly pValue: number;
  readonly outcome: "regressed" | "held" | "too few";
}

/**
 * Judges blocks in the order they were run. `regressed` only if all hold: the interval leaves out 1 on the worse side,
 * the ranks are rare (a bootstrap of few pairs alone is too sure of itself), and the effect is at least the floor.
 *
 * The estimate is that of Hodges and Lehmann (1963), which belongs to the signed-rank test of Wilcoxon (1945): the
 * median of all means of two; one wild block does not move it. The interval is a percentile bootstrap (Efron 1979).
 * Throws RangeError where neighbours are not one of each, a value is not above zero, or there are too many pairs.
 */
export function judgePairs(blocks: readonly Block[], tolerance: Tolerance, random: Random): PairedResult {
  const pairs = pairsOf(blocks);
  // Above zero is worse, whichever way the number goes.
  const sign = tolerance.worse === "higher" ? 1 : -1;
  const harms = pairs.map(({ base, candidate }) => sign * Math.log(candidate / base));
  if (harms.length < PAIRS_MIN) {
    const ratio = harms.length === 0 ? 1 : Math.exp(sign * centreOf(harms));
    return { pairs: harms.length, ratio, low: 0, high: Number.POSITIVE_INFINITY, pValue: 1, outcome: "too few" };
  }
  const harm = centreOf(harms);
  const [least, most] = bootstrap(harms, random);
  const pValue = signedRankPValue(harms);
  const level = median(pairs.map(({ base }) => base));
  const lost = level * Math.abs(Math.exp(sign * harm) - 1);
  const regressed = least > 0 && pValue < SIGNIFICANCE && lost >= floorAt(tolerance, level);
  const [low, high] = sign > 0 ? [least, most] : [-most, -least];
  return {
    pairs: harms.length,
    ratio: Math.exp(sign * harm),
    low: Math.exp(low),
    high: Math.exp(high),
    pValue,
    outcome: regressed ? "regressed" : "held",
  };
}

/** Chance, if signs were a coin's, that the ranks of what is above zero sum to what they do or more: exact. */
export function signedRankPValue(differences: readonly number[]): number {
  const ranked = differences.filter((difference) => difference !== 0).toSorted((a, b) => Math.abs(a) - Math.abs(b));
  // Twice the rank is whole, also where equals share the mean of theirs.
  const ranks = ranked.map((difference) => {
    const size = Math.abs(difference);
    const first = ranked.findIndex((other) => Math.abs(other) === size);
    const last = ranked.findLastIndex((other) => Math.abs(other) === size);
    return first + last + 2;
  });
  const seen = ranks.reduce((sum, rank, i) => ((ranked[i] ?? 0) > 0 ? sum + rank : sum), 0);
  // Of all sign patterns, the share with each sum; a rank more halves it into with and without.
  let shares = [1];
  for (const rank of ranks) {
    const next = new Array<number>(shares.length + rank).fill(0);
    for (const [sum, share] of shares.entries()) {
      next[sum] = (next[sum] ?? 0) + share / 2;
      next[sum + rank] = (next[sum + rank] ?? 0) + share / 2;
    }
    shares = next;
  }
  return shares.slice(seen).reduce((sum, share) => sum + share, 0);
}

interface Pair {
  readonly base: number;
  readonly candidate: number;
}

function pairsOf(blocks: readonly Block[]): readonly Pair[] {
  if (blocks.length > 2 * PAIRS_MAX) {
    throw new RangeError(`Cannot judge more than ${PAIRS_MAX} pairs of blocks: there are ${blocks.length} blocks`);
  }
  for (const { value } of blocks) {
    if (!(value > 0 && Number.isFinite(value))) throw new RangeError(`Cannot take a ratio of ${value}`);
  }
  const pairs: Pair[] = [];
  // A last block without a neighbour, of a rerun that was stopped, speaks for nothing.
  for (let i = 0; i + 1 < blocks.length; i += 2) {
    const [first, second] = [blocks[i], blocks[i + 1]];
    const base = [first, second].find((block) => block?.side === "base");
    const candidate = [first, second].find((block) => block?.side === "candidate");
    if (base === undefined || candidate === undefined) {
      throw new RangeError(`Cannot pair blocks ${i} and ${i + 1} as both are of one build`);
    }
    pairs.push({ base: base.value, candidate: candidate.value });
  }
  return pairs;
}

function centreOf(values: readonly number[]): number {
  const means = new Float64Array((values.length * (values.length + 1)) / 2);
  let at = 0;
  for (const [i, a] of values.entries()) for (const b of values.slice(i)) means[at++] = (a + b) / 2;
  return median(means);
}

function bootstrap(values: readonly number[], random: Random): readonly [number, number] {
  const centres = new Float64Array(RESAMPLES);
  for (let i = 0; i < RESAMPLES; i++) {
    centres[i] = centreOf(values.map(() => values[Math.floor(random.fraction() * values.length)] ?? Number.NaN));
  }
  centres.sort();
  const outside = Math.floor((RESAMPLES * (1 - INTERVAL_SHARE)) / 2);
  return [centres[outside] ?? Number.NaN, centres[RESAMPLES - 1 - outside] ?? Number.NaN];
}
