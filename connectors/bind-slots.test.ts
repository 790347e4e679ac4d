import { expect, test } from "bun:test";
import fc from "fast-check";
import { NO_SLOTS, nextSlots, type ProviderSlots, withoutOwners } from "./bind-slots.ts";

const LEASE_MS = 6_000;
type Request = Parameters<typeof nextSlots>[1];

function ask(held: ProviderSlots, owner: string, more: Partial<Request> = {}): ReturnType<typeof nextSlots> {
  return nextSlots(held, {
    owner,
    isFormerSelf: () => false,
    count: 4,
    now: 0,
    leaseMs: LEASE_MS,
    holding: new Set(),
    mayTakeFree: true,
    mayTakeOver: () => false,
    ...more,
  });
}

test("one alone takes all, a second gets its half once the first has given it back", () => {
  const first = ask(NO_SLOTS, "a");
  expect([first.mine, first.fair]).toEqual([[0, 1, 2, 3], 4]);
  const second = ask(first.next, "b");
  expect([second.mine, second.fair]).toEqual([[], 2]);
  const told = ask(second.next, "a", { holding: new Set([0, 1, 2, 3]) });
  expect([told.mine, told.fair]).toEqual([[0, 1, 2, 3], 2]);
  const gaveBack = ask(told.next, "a", { holding: new Set([0, 1]) });
  expect(gaveBack.mine).toEqual([0, 1]);
  expect(ask(gaveBack.next, "b").mine).toEqual([2, 3]);
});

test("a lapsed slot is its holder's until it may be taken over, and the holder's again if it comes first", () => {
  const { next } = ask(NO_SLOTS, "a");
  const later = { now: LEASE_MS, mayTakeOver: () => true };
  expect(ask(next, "b", { now: LEASE_MS - 1, mayTakeOver: () => true }).mine).toEqual([]);
  expect(ask(next, "b", { now: LEASE_MS }).mine).toEqual([]);
  expect(ask(next, "b", later).mine).toEqual([0, 1, 2, 3]);
  const back = ask(next, "a", { now: LEASE_MS + 1, holding: new Set([0, 1, 2, 3]) });
  expect(ask(back.next, "b", { ...later, now: LEASE_MS + 2 }).mine).toEqual([]);
});

test("what an earlier life of ours held is ours at once", () => {
  const { next } = ask(NO_SLOTS, "host#1");
  const isFormerSelf = (owner: string): boolean => owner === "host#1";
  expect(ask(next, "host#2", { isFormerSelf })).toMatchObject({ mine: [0, 1, 2, 3], fair: 4 });
});

test("what we use is said again where nothing is known of it, and nothing else is taken there yet", () => {
  expect(ask(NO_SLOTS, "a", { holding: new Set([2]), mayTakeFree: false }).mine).toEqual([2]);
});

test("leaving frees what was held, and only that", () => {
  const { next } = ask(ask(NO_SLOTS, "a", { count: 4 }).next, "b");
  const left = withoutOwners(next, (owner) => owner === "a");
  expect(left.slots).toEqual([null, null, null, null]);
  expect(Object.keys(left.contenders)).toEqual(["b"]);
});

test("in whatever order they ask: a slot has one holder, nobody exceeds their part, and all are used", () => {
  const cases = fc.record({
    count: fc.integer({ min: 1, max: 8 }),
    turns: fc.array(fc.constantFrom("a", "b", "c"), { minLength: 1, maxLength: 40 }),
  });
  fc.assert(
    fc.property(cases, ({ count, turns }) => {
      let held = NO_SLOTS;
      let now = 0;
      const holding = new Map<string, Set<number>>();
      const turn = (owner: string): void => {
        now += 10;
        const mine = holding.get(owner) ?? new Set<number>();
        const answer = ask(held, owner, { count, now, holding: mine });
        held = answer.next;
        const kept = answer.mine.slice(0, answer.fair);
        holding.set(owner, new Set(kept));
        expect(kept.length).toBeLessThanOrEqual(answer.fair);
        const used = [...holding.values()].flatMap((slots) => [...slots]);
        expect(new Set(used).size).toBe(used.length);
      };
      for (const owner of turns) turn(owner);
      const owners = [...new Set(turns)];
      // Told, given back, taken.
      for (let i = 0; i < 3; i++) for (const owner of owners) turn(owner);
      expect([...holding.values()].flatMap((slots) => [...slots]).toSorted()).toEqual(
        Array.from({ length: count }, (_, slot) => slot),
      );
    }),
  );
});
