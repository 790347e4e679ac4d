/** The last entries of a record, in order, numbered from 1. */

export interface Ring<T> {
  add(entry: T): void;
  /** Those with a count above `since` that are still held, oldest first. */
  since(since: number): readonly (T & { readonly count: number })[];
}

/** ~300 bytes each. */
const KEPT_MAX = 100_000;

export function createRing<T extends object>(): Ring<T> {
  const ring: (T & { readonly count: number })[] = [];
  let count = 0;
  return {
    add(entry) {
      ring[count % KEPT_MAX] = { ...entry, count: count + 1 };
      count++;
    },
    since(since) {
      const first = Math.max(since, count - KEPT_MAX, 0);
      const found: (T & { readonly count: number })[] = [];
      for (let i = first; i < count; i++) {
        const entry = ring[i % KEPT_MAX];
        if (entry !== undefined) found.push(entry);
      }
      return found;
    },
  };
}
