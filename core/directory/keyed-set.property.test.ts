import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { SendKeyId } from "#core/store/store.ts";
import type { AccountId, SetId } from "#domain/ids.ts";
import { type KeyPlace, placesOfKey, setOfKey } from "./keyed-set.ts";
import { changeSet, type SetEntry, type SetState, type SetsOfDirectory, stateOfSet } from "./set-states.ts";

const HOUR_MS = 3_600_000;
const setId = fc.stringMatching(/^[a-z][a-z0-9]{1,5}$/).map((id) => id as SetId);
const setIds = fc.uniqueArray(setId, { minLength: 1, maxLength: 8 });
const key = fc.stringMatching(/^[!-~]{1,40}$/);

describe("setOfKey()", () => {
  test("does not depend on the order of the sets", () => {
    fc.assert(
      fc.property(setIds, key, (sets, name) => {
        expect(setOfKey(name, sets.toReversed())).toBe(setOfKey(name, sets));
      }),
    );
  });

  test("moves a key only to the set that came, and only from the set that went", () => {
    fc.assert(
      fc.property(setIds, setId, key, (sets, added, name) => {
        fc.pre(!sets.includes(added));
        const [before, after] = [setOfKey(name, sets), setOfKey(name, [...sets, added])];
        expect([before, added]).toContain(after);
      }),
    );
  });

  test("gives each set its share, and a set that comes its share of each", () => {
    const three = ["syd1", "syd2", "syd3"] as SetId[];
    const four = [...three, "syd4" as SetId];
    const moves = new Map<string, number>();
    const count = 40_000;
    for (let i = 0; i < count; i++) {
      const move = `${setOfKey(`acme|order-${i}`, three)} ${setOfKey(`acme|order-${i}`, four)}`;
      moves.set(move, (moves.get(move) ?? 0) + 1);
    }
    expect(moves.size).toBe(6);
    for (const set of three) {
      expect(Math.abs((moves.get(`${set} ${set}`) ?? 0) - count / 4)).toBeLessThan(count / 100);
      expect(Math.abs((moves.get(`${set} syd4`) ?? 0) - count / 12)).toBeLessThan(count / 100);
    }
  });

  test("says for ever what it said first: another answer would lose every record of two days", () => {
    const sets = ["fra1", "syd1", "syd2", "akl1"] as SetId[];
    const keys = ["acme|order-1", "acme|order-2", "acme|order-3", "acme|order-4", "umbrella|x", "acme|~!"];
    expect(keys.map((name) => `${setOfKey(name, sets)}`)).toEqual(["akl1", "syd1", "akl1", "syd2", "fra1", "akl1"]);
  });
});

const account = { id: "acme" as AccountId };
const placed = (sets: SetsOfDirectory, now: number, name = "k"): readonly KeyPlace[] =>
  placesOfKey(
    { account, key: name },
    { keyLists: sets.keyLists, configured: [], stateOf: (set) => stateOfSet(sets, set), now },
  );
const entry = (set: string, state: SetState): SetEntry => ({ set: set as SetId, region: "syd", state });

/** A set comes up, or goes, or is gone for good; hours apart. */
const change = fc.record({
  set: fc.constantFrom("syd1", "syd2", "syd3", "syd4"),
  state: fc.constantFrom<SetState>("up", "up", "drain", "readonly"),
  afterHours: fc.integer({ min: 1, max: 40 }),
});

function history(changes: readonly { set: string; state: SetState; afterHours: number }[]) {
  let sets: SetsOfDirectory = changeSet({ sets: [], keyLists: [] }, entry("syd1", "up"), HOUR_MS);
  let now = HOUR_MS;
  const versions = [{ sets, now }];
  for (const { set, state, afterHours } of changes) {
    now += afterHours * HOUR_MS;
    sets = changeSet(sets, entry(set, state), now);
    versions.push({ sets, now });
  }
  return versions;
}

const sinceOf = ({ keyLists }: SetsOfDirectory): number | undefined => keyLists.at(-1)?.since;
const pairs = (places: readonly KeyPlace[]): readonly string[] =>
  places.flatMap(({ set, names }) => names.map((name: SendKeyId) => `${set} ${name}`));

describe("placesOfKey()", () => {
  test("of two versions within 48 h, the newer takes every name that the older takes with its messages", () => {
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 12 }), key, (changes, name) => {
        const versions = history(changes);
        for (const [i, older] of versions.entries()) {
          const home = placed(older.sets, older.now, name).at(-1);
          for (const newer of versions.slice(i)) {
            const endedAt = versions.slice(i).find(({ sets }) => sinceOf(sets) !== sinceOf(older.sets))?.now;
            if (home === undefined || newer.now - (endedAt ?? newer.now) >= 48 * HOUR_MS) continue;
            const places = placed(newer.sets, newer.now, name);
            if (places.length === 0) continue;
            const newest = home.names.at(-1);
            expect(pairs(places)).toContain(`${home.set} ${newest}`);
          }
        }
      }),
    );
  });

  test("the name that decides at home is never fenced by an older version", () => {
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 12 }), key, (changes, name) => {
        const versions = history(changes);
        const newest = versions.at(-1);
        const home = newest && placed(newest.sets, newest.now, name).at(-1);
        for (const { sets, now } of versions) {
          const fenced = pairs(placed(sets, now, name).slice(0, -1));
          if (home !== undefined) expect(fenced).not.toContain(`${home.set} ${home.names.at(-1)}`);
        }
      }),
    );
  });

  test("without a change within two days there is one place and one name", () => {
    const sets = changeSet({ sets: [], keyLists: [] }, entry("syd1", "up"), HOUR_MS);
    expect(pairs(placed(sets, 100 * HOUR_MS))).toEqual([`syd1 acme|k ${HOUR_MS}`]);
  });

  test("a set that is retired is not asked, and one that comes back meets its own names", () => {
    let sets = changeSet({ sets: [], keyLists: [] }, entry("syd1", "up"), 1);
    sets = changeSet(sets, entry("syd2", "up"), 2);
    sets = changeSet(sets, entry("syd1", "drain"), 3);
    const lists = sets.keyLists.map(({ since }) => since);
    expect(lists).toEqual([1, 2, 3]);
    const moved = ["a", "b", "c", "d"].find((name) => placed(sets, 4, name)[0]?.names.length === 2) ?? "";
    expect(pairs(placed(sets, 4, moved))).toEqual([
      `syd1 acme|${moved} 1`,
      `syd1 acme|${moved} 2`,
      `syd2 acme|${moved} 3`,
    ]);
    const retired = changeSet(sets, entry("syd1", "retired"), 4);
    expect(pairs(placed(retired, 5, moved))).toEqual([`syd2 acme|${moved} 3`]);
    const back = changeSet(sets, entry("syd1", "up"), 5);
    expect(pairs(placed(back, 6, moved))).toEqual([
      `syd2 acme|${moved} 3`,
      `syd1 acme|${moved} 1`,
      `syd1 acme|${moved} 2`,
      `syd1 acme|${moved} 5`,
    ]);
  });

  test("before the first list the process's own sets count, and for two days after it", () => {
    const configured = [{ set: "syd1" as SetId, region: "syd" }];
    const request = { account, key: "k" };
    const at = (keyLists: SetsOfDirectory["keyLists"], now: number) =>
      pairs(placesOfKey(request, { keyLists, configured, stateOf: () => "up", now }));
    const keyLists = [{ since: 7, sets: [{ set: "fra1" as SetId, region: "fra" }] }];
    expect(at([], 1)).toEqual(["syd1 acme|k 0"]);
    expect(at(keyLists, 8)).toEqual(["syd1 acme|k 0", "fra1 acme|k 7"]);
    expect(at(keyLists, 50 * HOUR_MS)).toEqual(["fra1 acme|k 7"]);
    expect(at([{ since: 7, sets: [] }], 50 * HOUR_MS)).toEqual([]);
  });

  test("an account's key stays in its home region while that has a set", () => {
    const configured = ["syd1", "syd2", "fra1", "fra2"].map((set) => ({ set: set as SetId, region: set.slice(0, 3) }));
    const rest = { keyLists: [], stateOf: () => "up" as const, now: 0 };
    const homeOf = (name: string, homeRegion: string) =>
      placesOfKey({ account: { ...account, homeRegion }, key: name }, { ...rest, configured }).at(-1)?.set;
    const keys = Array.from({ length: 50 }, (_, i) => `k${i}`);
    expect(new Set(keys.map((name) => `${homeOf(name, "fra")}`))).toEqual(new Set(["fra1", "fra2"]));
    expect(new Set(keys.map((name) => homeOf(name, "lon"))).size).toBe(4);
  });
});
