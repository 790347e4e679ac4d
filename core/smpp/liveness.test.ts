import { expect, test } from "bun:test";
import { watchLiveness } from "./liveness.ts";
import { createManualClock } from "./testing/manual-clock.ts";

function setUp() {
  const clock = createManualClock();
  const seen: string[] = [];
  const link = { reading: true, stuckSince: undefined as number | undefined };
  const liveness = watchLiveness({
    clock,
    idleMs: 30,
    answerMs: 10,
    probe: () => seen.push("probe"),
    isReading: () => link.reading,
    stuckSince: () => link.stuckSince,
    lost: (reason) => seen.push(reason),
  });
  return { clock, liveness, link, seen };
}

test("octets put the probe off, silence brings it, silence after it is the end", () => {
  const { clock, liveness, seen } = setUp();
  clock.advance(20);
  liveness.touch();
  clock.advance(29);
  expect(seen).toEqual([]);
  clock.advance(1);
  expect(seen).toEqual(["probe"]);
  clock.advance(11);
  expect(seen).toEqual(["probe", "peer_silent"]);
});

test("an answer that a stall of our own kept unread until the deadline still counts", () => {
  const { clock, liveness, seen } = setUp();
  clock.advance(40);
  liveness.touch();
  clock.advance(5);
  expect(seen).toEqual(["probe"]);
});

test("what went unanswered is asked about at once, once, and a peer that says nothing then is lost", () => {
  const { clock, liveness, seen } = setUp();
  clock.advance(5);
  liveness.touch();
  clock.advance(5);
  expect(liveness.suspect(2)).toBe(false);
  expect(seen).toEqual([]);
  expect([liveness.suspect(6), liveness.suspect(7)]).toEqual([true, true]);
  expect(seen).toEqual(["probe"]);
  clock.advance(9);
  liveness.touch();
  clock.advance(3);
  expect(seen).toEqual(["probe"]);
  expect(liveness.suspect(20)).toBe(true);
  clock.advance(12);
  expect(seen).toEqual(["probe", "probe", "peer_silent"]);
});

test("any octet after the probe is life", () => {
  const { clock, liveness, seen } = setUp();
  clock.advance(35);
  liveness.touch();
  clock.advance(5);
  expect(seen).toEqual(["probe"]);
  clock.advance(25);
  expect(seen).toEqual(["probe", "probe"]);
  liveness.stop();
  expect(clock.timers).toBe(0);
});

test("a peer is not judged by its silence while we do not read, but by what it does not take", () => {
  const { clock, link, seen } = setUp();
  link.reading = false;
  clock.advance(300);
  expect(seen).toEqual([]);
  link.stuckSince = 300;
  clock.advance(60);
  expect(seen).toEqual(["peer_not_reading"]);
});
