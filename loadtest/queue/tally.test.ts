import { describe, expect, test } from "bun:test";
import { createTally, type Tally } from "./tally.ts";

/** Three messages that came through, and whatever a test plants. */
function world(): Tally {
  const tally = createTally(10);
  for (const index of [1, 2, 3]) {
    tally.sent(index);
    tally.received(index);
  }
  return tally;
}

describe("createTally()", () => {
  test("is content when each message sent was received once", () => {
    const tally = world();
    expect([tally.failures(), tally.sentCount, tally.receivedCount]).toEqual([[], 3, 3]);
  });

  const faults: Readonly<Record<string, (tally: Tally) => void>> = {
    "1 acknowledged messages lost": (tally) => tally.sent(4),
    "1 messages received more than once": (tally) => tally.received(3),
    "1 messages received that were not acknowledged to a sender": (tally) => tally.received(4),
  };
  for (const [fault, plant] of Object.entries(faults)) {
    test(`turns red on ${fault}`, () => {
      const tally = world();
      plant(tally);
      expect(tally.failures()).toEqual([fault]);
    });
  }

  test("a message that still waits is no failure so far", () => {
    const tally = world();
    tally.sent(4);
    expect(tally.failuresSoFar()).toEqual([]);
  });
});
