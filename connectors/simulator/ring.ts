/** The last entries of a record, in order, numbered from 1. */

export interface Ring<T> {
  add(entry: T): void;
  /** Those with a count above `since` that are still held, oldest first, each with its count. */
  since(since: number): Generator<readonly [count: number, entry: T]>;
}

/** ~300 bytes each. */
const KEPT_MAX = 100_000;

export function createRing<T extends object>(): Ring<T> {
  const ring: T[] = [];
  let count = 0;
  return {
    add(entry) {
      ring[count % KEPT_MAX] = entry;
      count++;
    },
    *since(since) {
      for (let i = Math.max(since, count - KEPT_MAX, 0); i < count; i++) {
        const entry = ring[i % KEPT_MAX];
        if (entry !== undefined) yield [i + 1, entry];
      }
    },
  };
}
