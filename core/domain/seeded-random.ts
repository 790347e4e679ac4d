/** Chance from a seed. Each purpose has a stream of its own, so that a new consumer does not shift all others. */
import type { Random } from "./random.ts";

/** A stream for `purpose`; the same seed and purpose give the same stream (xoshiro128**, seeded by splitmix32). */
export function seededStream(seed: number, purpose: string): Random {
  let mix = seed >>> 0;
  for (let i = 0; i < purpose.length; i++) mix = Math.imul(mix ^ purpose.charCodeAt(i), 0x01000193) >>> 0;
  const split = (): number => {
    mix = (mix + 0x9e3779b9) >>> 0;
    let z = mix;
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return (z ^ (z >>> 15)) >>> 0;
  };
  let [a, b, c, d] = [split(), split(), split(), split()];
  const next = (): number => {
    const result = Math.imul(rotate(Math.imul(b, 5), 7), 9) >>> 0;
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = rotate(d, 11);
    return result;
  };
  return {
    bytes(count) {
      const bytes = new Uint8Array(count);
      for (let i = 0; i < count; i += 4) {
        const word = next();
        bytes[i] = word;
        bytes[i + 1] = word >>> 8;
        bytes[i + 2] = word >>> 16;
        bytes[i + 3] = word >>> 24;
      }
      return bytes;
    },
    fraction: () => next() / 2 ** 32,
  };
}

function rotate(word: number, by: number): number {
  return (word << by) | (word >>> (32 - by));
}

/** The list in another order. */
export function shuffled<T>(random: Random, list: readonly T[]): readonly T[] {
  return list
    .map((value) => ({ value, by: random.fraction() }))
    .toSorted((x, y) => x.by - y.by)
    .map(({ value }) => value);
}
