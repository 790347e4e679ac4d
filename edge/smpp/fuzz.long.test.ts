/** A million broken PDUs at the process of role `smpp` over a real replica set, from eight sides at once. */
import { expect, test } from "bun:test";
import { heapGrowth, runFuzz } from "#core/smpp/testing/run-fuzz.ts";
import { openSmppEdgeProcess } from "#testkit/smpp-edge.ts";
import { aimAt, expectServed, expectStoredAsSaid, FUZZED, liveHeap } from "#testkit/smpp-fuzz.ts";

const SLICES = 10;
const SIDES = 8;
const PDUS_A_SLICE = 12_500;
/** Seven minutes on a machine of two cores that others use too. */
const TEST_MS = 3_600_000;
/** Ten octets a PDU, were it a leak. The 50,000 receipts that it remembers to have told take half of that by design. */
const HEAP_GROWTH_MAX = 10_000_000;

test(
  "1,000,000 broken PDUs: stored is what was taken, no link stays, memory is flat, customers are served all along",
  async () => {
    await using edge = await openSmppEdgeProcess(FUZZED);
    const { target, taken } = aimAt(edge);
    const heap: number[] = [];
    let pdus = 0;
    for (let slice = 0; slice < SLICES; slice++) {
      const sides = Array.from({ length: SIDES }, (_, side) => {
        const firstSeed = 2_000_000 + (slice * SIDES + side) * 10_000;
        return runFuzz(target, { firstSeed, pdus: PDUS_A_SLICE, samples: 1 });
      });
      for (const report of await Promise.all(sides)) pdus += report.pdus;
      await expectStoredAsSaid(edge, taken);
      await expectServed(edge);
      heap.push(await liveHeap(edge));
      process.stdout.write(`${pdus} PDUs, ${taken.size} messages, live heap ${heap.at(-1)}\n`);
    }
    expect(pdus).toBeGreaterThanOrEqual(SLICES * SIDES * PDUS_A_SLICE);
    expect(heapGrowth(heap)).toBeLessThan(HEAP_GROWTH_MAX);
  },
  TEST_MS,
);
