/** Chance from a seed (mulberry32): the same numbers every run, so that what was found can be run again. */
export interface Seeded {
  /** In [0, 1). */
  fraction(): number;
  /** A whole number from `from` to `to`, both included. */
  between(from: number, to: number): number;
  chance(share: number): boolean;
  oneOf<T>(choices: readonly [T, ...T[]]): T;
}

export function seeded(seed: number): Seeded {
  let state = seed | 0;
  const fraction = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    fraction,
    between: (from, to) => from + Math.floor(fraction() * (to - from + 1)),
    chance: (share) => fraction() < share,
    oneOf: (choices) => choices[Math.floor(fraction() * choices.length)] ?? choices[0],
  };
}
