/**
 * The data of one member and the log that made it. An entry is one write or one whole transaction. Entries up to
 * `majority` are on a majority and stay for ever; those after it may be rolled back.
 */
import type { SimDocument } from "./sim-document.ts";
import { VersionedCollection } from "./versioned-collection.ts";

export interface LoggedWrite {
  readonly collection: VersionedCollection;
  readonly id: string;
  readonly document: SimDocument | null;
  readonly isInsert: boolean;
}

interface Entry {
  readonly number: number;
  readonly writes: readonly LoggedWrite[];
  readonly transaction: string | undefined;
}

export type NewWrite = Omit<LoggedWrite, "isInsert">;

export class MemberLog {
  head = 0;
  majority = 0;
  readonly collections = new Map<string, VersionedCollection>();
  /** Entries whose older versions are still kept, oldest first. */
  #entries: Entry[] = [];
  /** The entry of each committed transaction: whoever asks again hears that it was committed. */
  readonly #committed = new Map<string, number>();

  collection(name: string): VersionedCollection {
    const held = this.collections.get(name);
    if (held !== undefined) return held;
    const made = new VersionedCollection(name);
    this.collections.set(name, made);
    return made;
  }

  append(writes: readonly NewWrite[], transaction?: string): void {
    const number = ++this.head;
    const logged = writes.map((write): LoggedWrite => {
      const isInsert = write.document !== null && write.collection.read(write.id) === undefined;
      write.collection.write(write.id, write.document, number);
      return { ...write, isInsert };
    });
    this.#entries.push({ number, writes: logged, transaction });
    if (transaction !== undefined) this.#committed.set(transaction, number);
  }

  committedAt(transaction: string): number | undefined {
    return this.#committed.get(transaction);
  }

  /** What a majority has got in addition; `asked` is the oldest entry that an open transaction reads as of. */
  advance(majority: number, asked: number): readonly LoggedWrite[] {
    const fresh = this.#entries.filter(({ number }) => number > this.majority && number <= majority);
    this.majority = majority;
    const upTo = Math.min(majority, asked);
    const kept = this.#entries.findIndex(({ number }) => number > upTo);
    const done = this.#entries.splice(0, kept < 0 ? this.#entries.length : kept);
    for (const { writes } of done) for (const { collection, id } of writes) collection.prune(id, upTo);
    return fresh.flatMap(({ writes }) => writes);
  }

  /** Takes back everything after the entry `to`. */
  rollBack(to: number): void {
    for (let entry = this.#entries.at(-1); entry !== undefined && entry.number > to; entry = this.#entries.at(-1)) {
      this.#entries.pop();
      for (const { collection, id } of entry.writes.toReversed()) collection.takeBack(id);
      if (entry.transaction !== undefined) this.#committed.delete(entry.transaction);
    }
    this.head = Math.min(this.head, to);
  }

  /** The log of another member that got everything up to the entry `upTo`. */
  fork(upTo: number): MemberLog {
    const copy = new MemberLog();
    for (const collection of this.collections.values()) copy.collections.set(collection.name, collection.fork(upTo));
    copy.head = upTo;
    copy.majority = Math.min(this.majority, upTo);
    for (const entry of this.#entries) {
      if (entry.number > upTo) continue;
      const writes = entry.writes.map((write) => ({ ...write, collection: copy.collection(write.collection.name) }));
      copy.#entries.push({ ...entry, writes });
    }
    for (const [transaction, number] of this.#committed) {
      if (number <= upTo) copy.#committed.set(transaction, number);
    }
    return copy;
  }
}
