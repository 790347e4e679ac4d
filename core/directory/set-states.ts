/**
 * What each set is used for, as the directory says it, and which sets keyed requests go to. States change while
 * everything runs: `up` takes messages; `drain` takes no new ones and works off what it has; `readonly` answers status,
 * takes receipts and refunds, and sends nothing; `retired` is not used at all. Pure.
 */
import { z } from "zod";
import { type SetId, setIdSchema } from "#domain/ids.ts";
import { SEND_KEY_HOURS_MAX } from "#domain/limits.ts";

export const setStates = ["up", "drain", "readonly", "retired"] as const;
export type SetState = (typeof setStates)[number];

export const setEntrySchema = z.strictObject({
  set: setIdSchema,
  region: z.string().min(1).max(32),
  state: z.enum(setStates),
});
export type SetEntry = z.output<typeof setEntrySchema>;

/** The sets that took keyed requests from `since` on, until the next list's `since`. Newest last. */
export const keyListSchema = z.strictObject({
  /** Milliseconds since the epoch. */
  since: z.int().nonnegative(),
  sets: z.array(z.strictObject({ set: setIdSchema, region: z.string().min(1).max(32) })),
});
export type KeyList = z.output<typeof keyListSchema>;

export interface SetsOfDirectory {
  readonly sets: readonly SetEntry[];
  readonly keyLists: readonly KeyList[];
}

/** A set that the directory does not name is up: a first run needs no list. */
export function stateOfSet({ sets }: Pick<SetsOfDirectory, "sets">, set: SetId): SetState {
  return sets.find((entry) => entry.set === set)?.state ?? "up";
}

/** New messages go to it, and receipts and replies that no message is known for yet. */
export const takesNew = (state: SetState): boolean => state === "up";
/** What it holds may be routed and handed to providers. */
export const maySend = (state: SetState): boolean => state === "up" || state === "drain";
/** It is worked and written at all. */
export const isInUse = (state: SetState): boolean => state !== "retired";

/** A list counts an hour longer than its keys: so long may a process work by a list that has ended. */
export const LIST_COUNTS_MS = (SEND_KEY_HOURS_MAX + 1) * 3_600_000;

/**
 * The sets with those of `known` that have no entry yet named as what they have been all along: up. Needed before the
 * first change, as a list of the sets that are up must name all of them.
 */
export function nameSets(held: SetsOfDirectory, known: readonly Omit<SetEntry, "state">[]): SetsOfDirectory {
  const unnamed = known.filter(({ set }) => held.sets.every((entry) => entry.set !== set));
  if (unnamed.length === 0) return held;
  const sets = sortSets([...held.sets, ...unnamed.map(({ set, region }): SetEntry => ({ set, region, state: "up" }))]);
  // Before the first list every set was up, from the beginning.
  return { sets, keyLists: held.keyLists.length > 0 ? held.keyLists : [{ since: 0, sets: upOf(sets) }] };
}

/**
 * The sets with `entry` added or changed. Where that changes which sets are up, a new key list begins; lists that no
 * key can remember are dropped.
 */
export function changeSet(held: SetsOfDirectory, entry: SetEntry, now: number): SetsOfDirectory {
  const sets = sortSets([...held.sets.filter(({ set }) => set !== entry.set), entry]);
  const up = upOf(sets);
  const last = held.keyLists.at(-1);
  const isSame = last !== undefined && JSON.stringify(last.sets) === JSON.stringify(up);
  const lists = isSame ? held.keyLists : [...held.keyLists, { since: now, sets: up }];
  return { sets, keyLists: lists.filter((_, i) => (lists[i + 1]?.since ?? now) > now - LIST_COUNTS_MS) };
}

/**
 * Until when a repetition of a keyed request may still have to ask this set, in milliseconds since the epoch; undefined
 * when no list that is kept names it. One that is in the list in force leaves it at `now` at the earliest.
 */
export function keysAskedUntil({ keyLists }: Pick<SetsOfDirectory, "keyLists">, set: SetId, now: number) {
  const last = keyLists.findLastIndex(({ sets }) => sets.some((listed) => listed.set === set));
  return last < 0 ? undefined : (keyLists[last + 1]?.since ?? now) + LIST_COUNTS_MS;
}

function sortSets(sets: readonly SetEntry[]): readonly SetEntry[] {
  return sets.toSorted((a, b) => (a.set < b.set ? -1 : 1));
}

function upOf(sets: readonly SetEntry[]): KeyList["sets"] {
  return sets.filter(({ state }) => state === "up").map(({ set, region }) => ({ set, region }));
}
