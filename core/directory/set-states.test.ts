import { describe, expect, test } from "bun:test";
import type { SetId } from "#domain/ids.ts";
import { SEND_KEY_HOURS_MAX } from "#domain/limits.ts";
import {
  changeSet,
  keysAskedUntil,
  LIST_COUNTS_MS,
  nameSets,
  type SetState,
  type SetsOfDirectory,
  stateOfSet,
} from "./set-states.ts";

const none: SetsOfDirectory = { sets: [], keyLists: [] };
const entry = (set: string, state: SetState) => ({ set: set as SetId, region: set.slice(0, 3), state });
const listOf = (sets: SetsOfDirectory): readonly string[] => sets.keyLists.at(-1)?.sets.map(({ set }) => set) ?? [];
const HOUR_MS = 3_600_000;

describe("changeSet()", () => {
  test("begins a new key list when a set comes up or goes, and at no other time", () => {
    let sets = changeSet(none, entry("syd1", "up"), 1);
    sets = changeSet(sets, entry("fra1", "up"), 2);
    expect(listOf(sets)).toEqual(["fra1", "syd1"]);
    sets = changeSet(sets, entry("syd1", "drain"), 3);
    expect(listOf(sets)).toEqual(["fra1"]);
    expect(changeSet(sets, entry("syd1", "readonly"), 4).keyLists).toEqual(sets.keyLists);
    expect(stateOfSet(sets, "syd1" as SetId)).toBe("drain");
    expect(stateOfSet(sets, "unlisted" as SetId)).toBe("up");
  });

  test("forgets lists that no key can remember, and none before", () => {
    let sets = changeSet(none, entry("syd1", "up"), 0);
    sets = changeSet(sets, entry("fra1", "up"), HOUR_MS);
    // The first list ended at one hour; its last key was taken an hour later, by a process that was behind.
    const lastMs = HOUR_MS + (SEND_KEY_HOURS_MAX + 1) * HOUR_MS;
    const before = changeSet(sets, entry("sin1", "up"), lastMs - 1);
    expect(before.keyLists.map(({ since }) => since)).toEqual([0, HOUR_MS, lastMs - 1]);
    const after = changeSet(sets, entry("sin1", "up"), lastMs);
    expect(after.keyLists.map(({ since }) => since)).toEqual([HOUR_MS, lastMs]);
  });
});

test("nameSets() names a set as what it has been all along, once, so that the first change forgets none", () => {
  const known = ["syd1", "fra1"].map((set) => ({ set: set as SetId, region: set.slice(0, 3) }));
  const named = nameSets(none, known);
  expect(named.sets.map(({ set, state }) => `${set} ${state}`)).toEqual(["fra1 up", "syd1 up"]);
  expect(named.keyLists.map(({ since }) => since)).toEqual([0]);
  expect(nameSets(named, known)).toBe(named);
  const drained = changeSet(named, entry("syd1", "drain"), 7);
  expect(drained.keyLists.map(({ sets }) => sets.map(({ set }) => `${set}`))).toEqual([["fra1", "syd1"], ["fra1"]]);
});

test("keysAskedUntil() counts from the end of the last list that names the set", () => {
  const at = (hours: number) => hours * HOUR_MS;
  let sets = changeSet(none, entry("syd1", "up"), at(1));
  sets = changeSet(sets, entry("fra1", "readonly"), at(2));
  expect(keysAskedUntil(sets, "fra1" as SetId, at(2))).toBeUndefined();
  expect(keysAskedUntil(sets, "syd1" as SetId, at(2))).toBe(at(2) + LIST_COUNTS_MS);
  sets = changeSet(sets, entry("fra1", "up"), at(3));
  for (const [state, hours] of [
    ["drain", 4],
    ["up", 5],
    ["drain", 6],
    ["readonly", 7],
  ] as const) {
    sets = changeSet(sets, entry("syd1", state), at(hours));
  }
  expect(keysAskedUntil(sets, "syd1" as SetId, at(8))).toBe(at(6) + LIST_COUNTS_MS);
  sets = changeSet(sets, entry("sin1", "up"), at(6) + LIST_COUNTS_MS);
  expect(keysAskedUntil(sets, "syd1" as SetId, at(100))).toBeUndefined();
});
