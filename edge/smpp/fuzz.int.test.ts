/** Broken PDUs at the process of role `smpp` over a real replica set; `fuzz.long.test.ts` sends a million. */
import { expect, test } from "bun:test";
import { runFuzz } from "#core/smpp/testing/run-fuzz.ts";
import { openSmppEdgeProcess } from "#testkit/smpp-edge.ts";
import { aimAt, expectServed, expectStoredAsSaid, FUZZED, liveHeap } from "#testkit/smpp-fuzz.ts";

const PDUS = 6_000;
const TEST_MS = 120_000;
/** What a collection leaves differs by as much from one to the next. */
const HEAP_GROWTH_MAX = 4_000_000;

test(
  "6,000 broken PDUs: stored is what was taken, no link stays, a customer is served as before",
  async () => {
    await using edge = await openSmppEdgeProcess(FUZZED);
    const { target, taken } = aimAt(edge);
    const run = { pdus: PDUS / 2, samples: 1 };
    const first = await runFuzz(target, { ...run, firstSeed: 80_000 });
    const before = await liveHeap(edge);
    const second = await runFuzz(target, { ...run, firstSeed: 81_000 });
    expect(first.stood + second.stood).toBeGreaterThan((first.cases + second.cases) / 2);
    expect(taken.size).toBeGreaterThan(PDUS / 30);
    await expectStoredAsSaid(edge, taken);
    await expect(expectStoredAsSaid(edge, new Set([...taken, "planted"]))).rejects.toThrow("planted");
    await expectServed(edge);
    expect((await liveHeap(edge)) - before).toBeLessThan(HEAP_GROWTH_MAX);
  },
  TEST_MS,
);
