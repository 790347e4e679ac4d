/** Histories out of seeded chance, for the tests of the detectors: quiet ones, and what is planted in them. */
import type { Random } from "#domain/random.ts";
import { seededStream } from "../../../../proof/seeded-random.ts";
import type { GatedNumbers, SoakRecord } from "../../soak-record.ts";

/** Every detector is tried with all of these. */
const SEEDS: readonly number[] = Array.from({ length: 20 }, (_, i) => 6_001 + i);
/** Of the 20: what a detector has to get right. */
export const SEEDS_MIN = 19;

/** The seeds for which `holds` does; a test that compares it with all of them names those for which it does not. */
export function seedsWhere(purpose: string, holds: (random: Random, seed: number) => boolean): readonly number[] {
  return SEEDS.filter((seed) => holds(seededStream(seed, purpose), seed));
}

/** From the normal distribution with mean 0 and deviation 1 (Box and Muller). */
export function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random.fraction())) * Math.cos(2 * Math.PI * random.fraction());
}

/** `count` values around `level`; the noise and what `plant` makes of the i-th are shares of it. */
export function noisySeries(
  random: Random,
  { count, level, noise }: { readonly count: number; readonly level: number; readonly noise: number },
  plant: (i: number) => number = () => 1,
): readonly number[] {
  return Array.from({ length: count }, (_, i) => level * plant(i) * (1 + noise * normal(random)));
}

const USUAL: GatedNumbers = {
  ratePerSecond: 300,
  endToEndP50Ms: 110,
  endToEndP95Ms: 260,
  endToEndP99Ms: 420,
  handlingMs: 14,
  cpuSecondsPerThousand: 1.2,
  failures: 0,
  peakHeapMb: 70,
  projectionLagP95Ms: 240,
};

/** Deviation from night to night, as a share: wider where fewer messages speak for a number. */
const NIGHTLY: Readonly<Record<keyof GatedNumbers, number>> = {
  ratePerSecond: 0.004,
  endToEndP50Ms: 0.02,
  endToEndP95Ms: 0.03,
  endToEndP99Ms: 0.045,
  handlingMs: 0.03,
  cpuSecondsPerThousand: 0.015,
  failures: 0,
  peakHeapMb: 0.03,
  projectionLagP95Ms: 0.05,
};

const NIGHT_MS = 86_400_000;

/** The run of the `night`, by itself ok; `planted` multiplies its numbers. */
export function syntheticRun(
  random: Random,
  night: number,
  planted: Readonly<Partial<Record<keyof GatedNumbers, number>>> = {},
): SoakRecord {
  const names = Object.keys(USUAL) as (keyof GatedNumbers)[];
  const numbers = Object.fromEntries(
    names.map((name) => [name, USUAL[name] * (planted[name] ?? 1) * (1 + NIGHTLY[name] * normal(random))]),
  ) as unknown as GatedNumbers;
  return {
    startedAt: night * NIGHT_MS,
    durationMs: 3_600_000,
    commit: `night${night}`,
    fingerprint: "two cores",
    offeredPerSecond: 300,
    numbers,
    before: { cpuLoopMs: 400, fsyncMs: 2, loopbackMs: 0.04 },
    after: { cpuLoopMs: 404, fsyncMs: 2.2, loopbackMs: 0.05 },
    verdict: { name: "ok", because: "made up" },
  };
}

export function syntheticHistory(random: Random, nights: number): readonly SoakRecord[] {
  return Array.from({ length: nights }, (_, night) => syntheticRun(random, night));
}
