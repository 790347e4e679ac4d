/**
 * One open transaction: what it has written, which nobody else sees, on top of the state it reads. States: open → over,
 * when it is committed, aborted, or has lived too long.
 */
import { duplicateKey, writeConflict } from "./driver-errors.ts";
import type { MemberLog, NewWrite } from "./member-log.ts";
import type { Fields, SimDocument } from "./sim-document.ts";
import { keysOf, type VersionedCollection } from "./versioned-collection.ts";

export class Transaction {
  readonly id: string;
  /** The log entry that it reads as of. */
  readonly snapshot: number;
  /** By the monotonic clock. */
  readonly expiresAt: number;
  isOver = false;
  /** Those who wait for what it holds. */
  readonly onEnd: (() => void)[] = [];
  readonly #writes = new Map<VersionedCollection, Map<string, SimDocument | null>>();

  constructor(options: { readonly id: string; readonly snapshot: number; readonly expiresAt: number }) {
    this.id = options.id;
    this.snapshot = options.snapshot;
    this.expiresAt = options.expiresAt;
  }

  read(collection: VersionedCollection, id: string): SimDocument | undefined {
    const written = this.#writes.get(collection)?.get(id);
    return written === undefined ? collection.read(id, this.snapshot) : (written ?? undefined);
  }

  candidates(collection: VersionedCollection, filter: Fields): readonly string[] {
    const own = this.#writes.get(collection);
    const found = collection.candidates(filter);
    return own === undefined ? found : [...new Set([...found, ...own.keys()])].sort();
  }

  /** Throws a write conflict where another has written the document since, or is about to. */
  write(collection: VersionedCollection, id: string, document: SimDocument | null): void {
    const holder = collection.held.get(id);
    const isOthers = holder !== undefined && holder !== this;
    if (isOthers || collection.writtenAt(id) > this.snapshot) throw writeConflict();
    if (document !== null && collection.hasUniqueKeys) this.#takeKeys(collection, document);
    collection.held.set(id, this);
    const own = this.#writes.get(collection);
    if (own === undefined) this.#writes.set(collection, new Map([[id, document]]));
    else own.set(id, document);
  }

  insert(collection: VersionedCollection, document: SimDocument): void {
    if (this.read(collection, document._id) !== undefined) throw duplicateKey(collection.name, "_id", document._id);
    this.write(collection, document._id, document);
  }

  #takeKeys(collection: VersionedCollection, document: SimDocument): void {
    for (const key of keysOf(document)) {
      const holder = collection.heldKeys.get(key);
      if (holder !== undefined && holder !== this) throw writeConflict();
      for (const id of collection.withKey(key)) {
        if (id === document._id || collection.read(id) === undefined) continue;
        throw collection.writtenAt(id) > this.snapshot ? writeConflict() : duplicateKey(collection.name, "keys", key);
      }
    }
    for (const key of keysOf(document)) collection.heldKeys.set(key, this);
  }

  commit(log: MemberLog): void {
    const writes: NewWrite[] = [];
    for (const [collection, own] of this.#writes) {
      for (const [id, document] of own) writes.push({ collection, id, document });
    }
    log.append(writes, this.id);
    this.end();
  }

  /** Gives back what it holds; what it wrote is gone unless it was committed before. */
  end(): void {
    this.isOver = true;
    for (const [collection, own] of this.#writes) {
      for (const [id, document] of own) {
        collection.held.delete(id);
        if (!collection.hasUniqueKeys) continue;
        for (const key of keysOf(document)) collection.heldKeys.delete(key);
      }
    }
    for (const wake of this.onEnd.splice(0)) wake();
  }
}
