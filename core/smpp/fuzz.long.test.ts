/** A million broken PDUs at a server's sessions, and a million at a client of a hostile server. */
import { expect, test } from "bun:test";
import { openClientTarget, openServerTarget } from "./testing/fuzz-targets.ts";
import { heapGrowth, runFuzz } from "./testing/run-fuzz.ts";

const PDUS = 1_000_000;
/** Two and a half minutes each on a free core. */
const TEST_MS = 1_800_000;
/** Two octets a PDU, were it a leak. */
const HEAP_GROWTH_MAX = 2_000_000;

test.each([
  ["a server's sessions", openServerTarget],
  ["a client of a hostile server", openClientTarget],
] as const)(
  "1,000,000 broken PDUs at %s",
  async (name, open) => {
    await using target = await open();
    // Far from the seeds of the short run.
    const report = await runFuzz(target, { firstSeed: 1_000_000, pdus: PDUS, samples: 50 });
    process.stdout.write(`${name}: ${JSON.stringify({ ...report, growth: Math.round(heapGrowth(report.heap)) })}\n`);
    expect(report.pdus).toBeGreaterThanOrEqual(PDUS);
    expect(heapGrowth(report.heap)).toBeLessThan(HEAP_GROWTH_MAX);
  },
  TEST_MS,
);
