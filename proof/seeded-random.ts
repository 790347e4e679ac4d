/** What the proof draws from seeded chance, beside the stream itself. */
import { pick, type Random } from "#domain/random.ts";

export { seededStream, shuffled } from "#domain/seeded-random.ts";

/** A whole number from `from` to `to`, both included. */
export function between(random: Random, from: number, to: number): number {
  return from + Math.floor(random.fraction() * (to - from + 1));
}

export function chance(random: Random, share: number): boolean {
  return random.fraction() < share;
}

/** One of a list that has some. */
export function oneOf<T>(random: Random, choices: readonly T[]): T {
  const chosen = pick(choices, random);
  if (chosen === undefined) throw new RangeError("Cannot pick one as there is none");
  return chosen;
}
