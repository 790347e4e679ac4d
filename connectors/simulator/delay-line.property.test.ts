import { expect, test } from "bun:test";
import fc from "fast-check";
import { createManualClock } from "#core/smpp/testing/manual-clock.ts";
import { DelayLine } from "./delay-line.ts";

/** Delays of every kind: none, within one turn of the wheel, at its edge, and many turns away. */
const delay = fc.oneof(
  fc.constant(0),
  fc.integer({ min: 1, max: 50 }),
  fc.integer({ min: 4_090, max: 4_100 }),
  fc.integer({ min: 1, max: 30_000 }),
);
const step = fc.record({ delays: fc.array(delay, { maxLength: 5 }), thenMs: fc.integer({ min: 0, max: 6_000 }) });

interface Item {
  readonly due: number;
  readonly nth: number;
  readonly ms: number;
}

test("whatever waits runs once, at its time, in the order of times and of coming", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const clock = createManualClock();
      const line = new DelayLine(clock);
      const asked: Item[] = [];
      const ran: (Item & { readonly at: number })[] = [];
      for (const { delays, thenMs } of steps) {
        for (const ms of delays) {
          const item = { due: clock.monotonic() + ms, nth: asked.length, ms };
          asked.push(item);
          line.after(ms, () => ran.push({ ...item, at: clock.monotonic() }));
        }
        clock.advance(thenMs);
      }
      clock.advance(40_000);
      expect(ran.every(({ at, due }) => at === due)).toBe(true);
      // What waits for nothing has a way of its own, and may come before or after others of its millisecond.
      const waited = (items: readonly Item[]): readonly Item[] => items.filter(({ ms }) => ms > 0);
      const inOrder = asked.toSorted((one, other) => one.due - other.due || one.nth - other.nth);
      expect(waited(ran.map(({ due, nth, ms }) => ({ due, nth, ms })))).toEqual(waited(inOrder));
      expect(ran).toHaveLength(asked.length);
      expect([line.waiting, clock.timers]).toEqual([0, 0]);
    }),
  );
});
