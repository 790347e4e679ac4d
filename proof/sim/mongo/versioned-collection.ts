/**
 * One collection of one member with the history that somebody may still ask for: every document is a chain of versions,
 * newest first, each with the number of the log entry that wrote it. Ids are kept in order, and the one field that
 * look-ups go by, `keys`, is indexed.
 */

import { type Fields, isFields, notModelled, type SimDocument } from "./sim-document.ts";
import type { Transaction } from "./transaction.ts";

interface Version {
  /** Null: it was deleted. */
  readonly document: SimDocument | null;
  readonly entry: number;
  prior: Version | undefined;
}

export class VersionedCollection {
  readonly name: string;
  /** Whether an element of `keys` may be in one document only. */
  hasUniqueKeys = false;
  /** Documents and keys that open transactions have written. */
  readonly held = new Map<string, Transaction>();
  readonly heldKeys = new Map<string, Transaction>();
  readonly #versions = new Map<string, Version>();
  readonly #ids: string[] = [];
  readonly #idsByKey = new Map<string, Set<string>>();

  constructor(name: string) {
    this.name = name;
  }

  /** The document as it stood after the log entry `asOf`. */
  read(id: string, asOf: number = Number.POSITIVE_INFINITY): SimDocument | undefined {
    let version = this.#versions.get(id);
    while (version !== undefined && version.entry > asOf) version = version.prior;
    return version?.document ?? undefined;
  }

  /** The log entry that wrote it last; 0: none that is remembered. */
  writtenAt(id: string): number {
    return this.#versions.get(id)?.entry ?? 0;
  }

  write(id: string, document: SimDocument | null, entry: number): void {
    const prior = this.#versions.get(id);
    this.#versions.set(id, { document, entry, prior });
    if (prior === undefined) this.#ids.splice(this.#firstFrom(id), 0, id);
    const keys = keysOf(document);
    if (prior?.document && document !== null && keys.length > 0 && keys !== keysOf(prior.document)) {
      notModelled("a change of keys");
    }
    for (const key of keys) {
      const ids = this.#idsByKey.get(key);
      if (ids === undefined) this.#idsByKey.set(key, new Set([id]));
      else ids.add(id);
    }
  }

  /** Takes the newest version back. */
  takeBack(id: string): void {
    const version = this.#versions.get(id);
    if (version === undefined) return;
    if (version.prior === undefined) this.#forget(id, version);
    else this.#versions.set(id, version.prior);
  }

  /** Forgets what nobody can ask for any more who reads as of `upTo` or later. */
  prune(id: string, upTo: number): void {
    let version = this.#versions.get(id);
    if (version !== undefined && version.document === null && version.entry <= upTo) {
      this.#forget(id, version);
      return;
    }
    while (version !== undefined && version.entry > upTo) version = version.prior;
    if (version !== undefined) version.prior = undefined;
  }

  #forget(id: string, version: Version): void {
    this.#versions.delete(id);
    this.#ids.splice(this.#firstFrom(id), 1);
    for (let each: Version | undefined = version; each !== undefined; each = each.prior) {
      for (const key of keysOf(each.document)) {
        const ids = this.#idsByKey.get(key);
        ids?.delete(id);
        if (ids?.size === 0) this.#idsByKey.delete(key);
      }
    }
  }

  withKey(key: string): ReadonlySet<string> {
    return this.#idsByKey.get(key) ?? new Set();
  }

  get ids(): readonly string[] {
    return this.#ids;
  }

  /** Ids, in order, of all documents that the filter may match; whether it does is for the caller to see. */
  candidates(filter: Fields): readonly string[] {
    const { _id: id, keys, $or: or } = filter;
    if (typeof id === "string") return [id];
    if (isFields(id)) return this.#inRange(id);
    if (Array.isArray(or)) {
      const parts = (or as readonly Fields[]).map((each) => this.candidates(each));
      return parts.length === 1 ? (parts[0] ?? []) : [...new Set(parts.flat())].sort();
    }
    if (typeof keys === "string") return [...this.withKey(keys)].sort();
    if (isFields(keys) && Array.isArray(keys.$in)) {
      return [...new Set((keys.$in as string[]).flatMap((key) => [...this.withKey(key)]))].sort();
    }
    return [...this.#ids];
  }

  #inRange({ $in: list, $gt: after, $lt: before, ...others }: Fields): readonly string[] {
    if (Object.keys(others).length > 0) return notModelled(`a range of ids by ${Object.keys(others)}`);
    if (Array.isArray(list)) return [...new Set(list as string[])].sort();
    const from = typeof after === "string" ? this.#firstFrom(after) : 0;
    const to = typeof before === "string" ? this.#firstFrom(before) : this.#ids.length;
    return this.#ids.slice(from, to);
  }

  /** The place of the first id that is not smaller. */
  #firstFrom(id: string): number {
    const ids = this.#ids;
    let [low, high] = [0, ids.length];
    const last = ids[high - 1];
    if (last === undefined || last < id) return high;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((ids[middle] as string) < id) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** As another member has it that got everything up to the log entry `upTo`. */
  fork(upTo: number): VersionedCollection {
    const copy = new VersionedCollection(this.name);
    copy.hasUniqueKeys = this.hasUniqueKeys;
    for (const id of this.#ids) {
      const chain: Version[] = [];
      for (let each = this.#versions.get(id); each !== undefined; each = each.prior) {
        if (each.entry <= upTo) chain.push(each);
      }
      for (const { document, entry } of chain.reverse()) copy.write(id, document, entry);
    }
    return copy;
  }
}

const NONE: readonly string[] = [];

export function keysOf(document: SimDocument | null): readonly string[] {
  const keys = document?.keys;
  return Array.isArray(keys) ? (keys as readonly string[]) : NONE;
}
