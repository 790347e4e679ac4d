import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { Lane } from "#domain/lane.ts";
import { LANE_SKIPS_MAX } from "#domain/limits.ts";
import { createLaneTurns } from "./lane-turns.ts";

const alert = "inbox.alert" as Lane;
const bulk = "inbox.bulk" as Lane;
const order = [alert, bulk];
const chunks = (lane: Lane, ...counts: number[]) => counts.map((count, i) => ({ lane, count, id: `${lane}${i}` }));
const lanesOf = (taken: readonly { readonly lane: Lane }[]): readonly Lane[] => taken.map(({ lane }) => lane);

describe("LaneTurns.take()", () => {
  test("takes the preferred lane first, whatever the order of the candidates", () => {
    const taken = createLaneTurns().take([...chunks(bulk, 10), ...chunks(alert, 1)], order, 100);
    expect(lanesOf(taken)).toEqual([alert, bulk]);
  });

  test("takes one chunk at least, whatever its size, and no second one then", () => {
    expect(createLaneTurns().take(chunks(bulk, 512, 1), order, 10)).toHaveLength(1);
  });

  test("lets a lane go first once it was passed over LANE_SKIPS_MAX times, and then no more", () => {
    const turns = createLaneTurns();
    // A chunk of 512 never fits behind an alert.
    const claims = Array.from({ length: 2 * (LANE_SKIPS_MAX + 1) }, () =>
      lanesOf(turns.take([...chunks(alert, 1), ...chunks(bulk, 512)], order, 512)),
    );
    const once = [...Array<readonly Lane[]>(LANE_SKIPS_MAX).fill([alert]), [bulk]];
    expect(claims).toEqual([...once, ...once]);
  });

  test("never passes its bound but for a first chunk, and takes no chunk twice", () => {
    const some = fc.array(fc.integer({ min: 1, max: 60 }), { maxLength: 20 });
    const turns = createLaneTurns();
    fc.assert(
      fc.property(some, some, fc.integer({ min: 1, max: 200 }), (alerts, rest, itemsMax) => {
        const all = [...chunks(alert, ...alerts), ...chunks(bulk, ...rest)];
        const taken = turns.take(all, order, itemsMax);
        const items = taken.reduce((sum, { count }) => sum + count, 0);
        expect(new Set(taken.map(({ id }) => id)).size).toBe(taken.length);
        expect(items <= itemsMax || taken.length === 1).toBe(true);
        expect(taken.length > 0 || all.length === 0).toBe(true);
      }),
    );
  });
});
