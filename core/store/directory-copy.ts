/**
 * A set's copy of the directory: records by key, and the log of the changes that made them. One set is the directory's
 * home, where changes begin; the others follow its log, so each copy is the directory as it was after one change of
 * the log. The home changes with the epoch: a change is known by its id, and of two copies that with the higher stamp
 * is the later one.
 */
import type { SetId } from "#domain/ids.ts";

/** Of one change: what its transaction can hold, and its replica set can take in one go. */
export const CHANGE_WRITES_MAX = 1_000;
/** Of the new bodies of one change, as JSON; what was before is kept beside them. */
export const CHANGE_BYTES_MAX = 1_048_576;
/** In one read. With what was before, a page is 8 MiB at the most. */
export const CHANGES_READ_MAX = 4;

/** Whose turn it is to be the home: the higher epoch, and of two that claimed the same one the later name. */
export interface DirectoryTerm {
  readonly epoch: number;
  readonly home: SetId;
}

/** The last change that a copy holds. */
export interface DirectoryStamp extends DirectoryTerm {
  /** From 1, without gaps. */
  readonly number: number;
  /** The id of the change. */
  readonly change: string;
}

export interface DirectoryHead {
  /** Undefined: it has never held any. */
  readonly at: DirectoryStamp | undefined;
  /** What is written under a lower term is refused. Undefined: nothing was promised yet. */
  readonly promised: DirectoryTerm | undefined;
}

export interface DirectoryRecord {
  readonly key: string;
  /** JSON. */
  readonly body: string;
}

/** Null: there is none, before or after. */
export interface RecordChange {
  readonly key: string;
  readonly before: string | null;
  readonly after: string | null;
}

/** Immutable: what was changed, by whom, and from what. */
export interface DirectoryChange {
  readonly id: string;
  readonly number: number;
  readonly epoch: number;
  readonly home: SetId;
  /** By the clock of who made it, in milliseconds since the epoch. */
  readonly at: number;
  readonly actor: string;
  /** Of the request that asked for it. */
  readonly request?: string;
  /** Each key once. None in the first change of a new home. */
  readonly writes: readonly RecordChange[];
}

/** Methods throw StoreError; of a write that threw nobody knows whether it was done, and it may be tried again. */
export interface DirectoryCopy {
  /** As a majority has it. */
  head(): Promise<DirectoryHead>;
  /**
   * All records in pages, and the stamp from which on changes may or may not be in them already: applied in order after
   * the records, they make the copy of one moment. At least one page.
   */
  records(): AsyncIterable<{ readonly since: DirectoryHead; readonly records: readonly DirectoryRecord[] }>;
  /** In the order of their numbers, those after `after`, at most CHANGES_READ_MAX. */
  changes(page: { readonly after: number }): Promise<readonly DirectoryChange[]>;
  /** Raises what is promised, unless it is higher already, and returns the head as it is then. */
  promise(term: DirectoryTerm): Promise<DirectoryHead>;
  /**
   * Adds one change, all or nothing, on a majority when it resolves with true. False, and nothing was written: the copy
   * is not at `after`, or has promised a higher term than `under`.
   */
  append(
    change: DirectoryChange,
    at: { readonly after: DirectoryStamp | undefined; readonly under: DirectoryTerm },
  ): Promise<boolean>;
  /** Takes the last change back, which must be `last`. False as above. */
  undo(last: DirectoryStamp, under: DirectoryTerm): Promise<boolean>;
}

export function compareTerms(a: DirectoryTerm, b: DirectoryTerm): number {
  if (a.epoch !== b.epoch) return a.epoch - b.epoch;
  return a.home === b.home ? 0 : a.home < b.home ? -1 : 1;
}

/** A copy without any change is before all others. */
export function compareStamps(a: DirectoryStamp | undefined, b: DirectoryStamp | undefined): number {
  if (a === undefined || b === undefined) return Number(a !== undefined) - Number(b !== undefined);
  return compareTerms(a, b) || a.number - b.number;
}

export function stampOf({ epoch, home, number, id }: DirectoryChange): DirectoryStamp {
  return { epoch, home, number, change: id };
}
