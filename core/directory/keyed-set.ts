/**
 * Where a keyed request goes (invariant I11). Every key list that may still be remembered gives the request a name, on
 * the set that its key chooses by that list. All the names are taken: on the newest list's set together with the
 * messages, on the sets that the key has left by a fence, which is a record without ids. So two processes that work by
 * different lists, or two steps that are under way at once, always meet at a name that only one of them can take, and
 * no clock decides. Pure.
 */
import { type SendKeyId, type SendRecord, sendKeyId } from "#core/store/store.ts";
import type { SetId } from "#domain/ids.ts";
import type { Account } from "./account.ts";
import { type KeyList, LIST_COUNTS_MS, type SetState } from "./set-states.ts";

/** One set that a keyed request has to go to, and the names that it takes there: at least one, the newest last. */
export interface KeyPlace {
  readonly set: SetId;
  readonly names: readonly SendKeyId[];
}

/**
 * The places of a request in the order in which it goes there; the messages go to the last. None when no set takes
 * keyed requests. `key` must hold no space.
 */
export function placesOfKey(
  request: { readonly account: Pick<Account, "id" | "homeRegion">; readonly key: string },
  sets: {
    readonly keyLists: readonly KeyList[];
    /** The sets that this process knows of, which are used until there is a first list. */
    readonly configured: KeyList["sets"];
    readonly stateOf: (set: SetId) => SetState;
    /** Milliseconds since the epoch. */
    readonly now: number;
  },
): readonly KeyPlace[] {
  const { account, key } = request;
  const places = new Map<SetId, SendKeyId[]>();
  let home: SetId | undefined;
  for (const { since, sets: listed } of remembered(sets)) {
    home = setOfKey(`${account.id}|${key}`, homeSets(listed, account.homeRegion));
    if (home === undefined) continue;
    const names = places.get(home) ?? [];
    names.push(sendKeyId(account.id, `${key} ${since}`));
    places.set(home, names);
  }
  const left = [...places].filter(([set]) => set !== home && sets.stateOf(set) !== "retired");
  const atHome = home === undefined ? undefined : places.get(home);
  if (home === undefined || atHome === undefined) return [];
  return [...left.map(([set, names]) => ({ set, names })), { set: home, names: atHome }];
}

/** The lists that a key may have been taken by, oldest first, and at its end the one in force. */
function remembered(sets: {
  readonly keyLists: readonly KeyList[];
  readonly configured: KeyList["sets"];
  readonly now: number;
}): readonly KeyList[] {
  const [first] = sets.keyLists;
  const lists = first?.since === 0 ? sets.keyLists : [{ since: 0, sets: sets.configured }, ...sets.keyLists];
  return lists.filter((_, i) => (lists[i + 1]?.since ?? Number.POSITIVE_INFINITY) > sets.now - LIST_COUNTS_MS);
}

/** Those of the account's region; all of them where there is none there, as waiting for one would help nobody. */
function homeSets(listed: KeyList["sets"], region: string | undefined): readonly SetId[] {
  const near = listed.filter((set) => set.region === region);
  return (near.length > 0 ? near : listed).map(({ set }) => set);
}

/**
 * Rendezvous hashing: the set with the highest score for this key. A set that is added takes its share from each of the
 * others and moves nothing else; one that goes leaves the keys of the others where they are.
 */
export function setOfKey(key: string, sets: readonly SetId[]): SetId | undefined {
  let best: { readonly set: SetId; readonly score: number } | undefined;
  for (const set of sets) {
    const score = scoreOf(set, key);
    if (best === undefined || score > best.score || (score === best.score && set < best.set)) best = { set, score };
  }
  return best?.set;
}

/**
 * FNV-1a of both, mixed by the last steps of MurmurHash3, as FNV alone scores one key alike on sets with similar names.
 * What it says must never change: every edge finds the records of two days by it.
 */
function scoreOf(set: SetId, key: string): number {
  const text = `${set}|${key}`;
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** A name that is closed: what has not been sent under it never will be. */
export function fence(at: number): SendRecord {
  return { fingerprint: "", ids: [], at };
}

export function isFence(record: SendRecord): boolean {
  return record.ids.length === 0;
}
