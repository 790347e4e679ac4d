/**
 * An immutable map of many entries, most of which a changed copy shares with the one before: a snapshot of 100,000
 * accounts that somebody works by stays as it is, and a change copies one part in 256 instead of all of them. Pure.
 */

const PARTS = 256;

export interface SharedMap<Key extends string, Value> {
  readonly size: number;
  get(key: Key): Value | undefined;
  values(): Iterable<Value>;
  keys(): Iterable<Key>;
  /** Undefined takes an entry out. The same map where nothing changes. */
  with(changes: ReadonlyMap<Key, Value | undefined>): SharedMap<Key, Value>;
}

type Parts<Key, Value> = readonly ReadonlyMap<Key, Value>[];

const nothing: ReadonlyMap<never, never> = new Map<never, never>();

export function emptyMap<Key extends string, Value>(): SharedMap<Key, Value> {
  return of<Key, Value>(Array<ReadonlyMap<Key, Value>>(PARTS).fill(nothing));
}

function of<Key extends string, Value>(parts: Parts<Key, Value>): SharedMap<Key, Value> {
  const map: SharedMap<Key, Value> = {
    get size() {
      return parts.reduce((sum, part) => sum + part.size, 0);
    },
    get: (key) => parts[partOf(key)]?.get(key),
    *values() {
      for (const part of parts) yield* part.values();
    },
    *keys() {
      for (const part of parts) yield* part.keys();
    },
    with(changes) {
      if (changes.size === 0) return map;
      const changed = [...parts];
      const copied = new Map<number, Map<Key, Value>>();
      for (const [key, value] of changes) {
        const index = partOf(key);
        const part = copied.get(index) ?? new Map(parts[index]);
        copied.set(index, part);
        changed[index] = part;
        if (value === undefined) part.delete(key);
        else part.set(key, value);
      }
      return of(changed);
    },
  };
  return map;
}

/** FNV-1a. */
function partOf(key: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193);
  return (hash ^ (hash >>> 16)) & (PARTS - 1);
}
