/**
 * How copies of the directory become equal: each set's log is brought to the one that is ahead, by comparison, so one
 * that was added, restored, or away for a month catches up in the same way as one that missed a single change. What
 * only a home that was left behind had written is taken back: no second set ever had it, so it was never acknowledged.
 */
import type { Clock } from "#domain/clock.ts";
import type { SetId } from "#domain/ids.ts";
import {
  compareStamps,
  type DirectoryHead,
  type DirectoryStamp,
  type DirectoryTerm,
  stampOf,
} from "../store/directory-copy.ts";
import { inTime } from "../store/in-time.ts";
import type { Store } from "../store/store.ts";

/** A set that takes longer has not answered: longer than it takes to find a primary, and to connect. */
const HEAD_MS = 5_000;
/** Somebody else copies to the same set, change by change: then it is as well done. */
const REFUSED_MAX = 20;

export type Heads = ReadonlyMap<SetId, DirectoryHead>;

/** Of the sets that answer. */
export async function readHeads(stores: readonly Store[], clock: Clock): Promise<Heads> {
  const heads = await Promise.all(
    stores.map(async (store) => [store.set, await inTime(clock, store.directory.head(), HEAD_MS)] as const),
  );
  return new Map(heads.flatMap(([set, head]) => (head === undefined ? [] : [[set, head] as const])));
}

export interface Latest {
  readonly set: SetId;
  readonly at: DirectoryStamp;
  readonly promised: DirectoryTerm;
}

/** The set that is ahead; undefined: none has a directory. */
export function latestOf(heads: Heads): Latest | undefined {
  let latest: Latest | undefined;
  for (const [set, { at, promised }] of heads) {
    if (at !== undefined && compareStamps(at, latest?.at) > 0) latest = { set, at, promised: promised ?? at };
  }
  return latest;
}

/** The two hold logs that have no change in common: which of them counts only a person can say. */
class DirectoriesDifferError extends Error {
  override readonly name = "DirectoriesDifferError";
  readonly code = "directories_differ";
  readonly retryable = false;

  constructor(one: SetId, other: SetId) {
    super(`${one} and ${other} hold different directories: one of them was set up for another platform`);
  }
}

export interface Copied {
  /** Whether the set holds now what the other held. False: somebody else writes to it, or it has promised not to. */
  readonly isEqual: boolean;
  /** Changes of its own that were taken back. */
  readonly dropped: readonly DirectoryStamp[];
}

/**
 * Brings `to` to where `from` is, under a term that `to` may have promised itself to. Any number may do it at once.
 * Throws StoreError and DirectoriesDifferError.
 */
export async function copyDirectory(from: Store, to: Store, under: DirectoryTerm): Promise<Copied> {
  const dropped: DirectoryStamp[] = [];
  const { at: goal } = await from.directory.head();
  for (let refused = 0; refused < REFUSED_MAX; ) {
    const { at } = await to.directory.head();
    if (goal === undefined || at?.change === goal.change) return { isEqual: true, dropped };
    if (at !== undefined && !(await holds(from, at))) {
      if (compareStamps(goal, at) < 0) return { isEqual: false, dropped };
      if (at.number === 1) throw new DirectoriesDifferError(from.set, to.set);
      if (await to.directory.undo(at, under)) dropped.push(at);
      else refused++;
      continue;
    }
    // It holds all that `from` held, and more.
    if (at !== undefined && at.number >= goal.number) return { isEqual: true, dropped };
    let after = at;
    const page = await from.directory.changes({ after: at?.number ?? 0 });
    // What it had then was taken back there meanwhile.
    if (page.length === 0) refused++;
    for (const change of page) {
      if (!(await to.directory.append(change, { after, under }))) {
        refused++;
        break;
      }
      after = stampOf(change);
    }
  }
  return { isEqual: false, dropped };
}

async function holds(store: Store, at: DirectoryStamp): Promise<boolean> {
  const [change] = await store.directory.changes({ after: at.number - 1 });
  return change?.id === at.change;
}
