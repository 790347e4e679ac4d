// A crash at every await: a process dies at each of its timers and answers in turn, and nothing else goes wrong.

import { expect, test } from "bun:test";
import { runSeed } from "./run-seed.ts";
import { inMacrotask } from "./run-seeds.ts";

const SEED = 7;
/** Messages are on their way through every role then. */
const AT_MS = 3_000;
const DOWN_MS = 1_500;
/** Each has this many timers and answers within about a second. */
const DELIVERIES = 60;
const LIMIT_MS = 300_000;

for (const process of ["edge-1", "worker-1", "connector-1", "projector-1"]) {
  test(
    `${process} may die at any of ${DELIVERIES} awaits in a row`,
    async () => {
      const places = new Set<string>();
      for (let afterDeliveries = 1; afterDeliveries <= DELIVERIES; afterDeliveries++) {
        const kill = { at: AT_MS, kind: "kill", process, afterDeliveries, downMs: DOWN_MS } as const;
        const run = await inMacrotask(() => runSeed({ seed: SEED, schedule: [kill] }));
        expect([afterDeliveries, run.history.faults.map(({ happened }) => happened), run.findings]).toEqual([
          afterDeliveries,
          [true],
          [],
        ]);
        places.add(run.traceHash);
      }
      // Deaths one await apart are different runs.
      expect(places.size).toBe(DELIVERIES);
    },
    LIMIT_MS,
  );
}
