/** Chance as an argument, so that the simulation can seed it. */
export interface Random {
  /** `count` random bytes. */
  bytes(count: number): Uint8Array;
  /** A number in [0, 1). Good for jitter and for picking a set, not for secrets. */
  fraction(): number;
}

/** The real thing: the runtime's cryptographic generator. */
export const systemRandom: Random = {
  bytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
  fraction: () => (crypto.getRandomValues(new Uint32Array(1))[0] ?? 0) / 2 ** 32,
};

/** One of `choices`, uniformly; undefined when there is none. */
export function pick<T>(choices: readonly T[], random: Random): T | undefined {
  return choices[Math.floor(random.fraction() * choices.length)];
}
