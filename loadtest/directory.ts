/**
 * The directory bench: what a process takes that holds 100,000 accounts and 200,000 rates, on each runtime, how long a
 * price takes to be found, and what it costs the gateway that three levels pay.
 */
import type { Bench, BenchOptions, BenchOutcome } from "./bench-seam.ts";
import { BILLING_MEANINGS, runBilling } from "./directory/billing.ts";
import { measureSnapshot, SNAPSHOT_MEANINGS } from "./directory/snapshot.ts";

const [SNAPSHOT, BILLING] = ["snapshot", "billing"] as const;

export const directoryBench: Bench = {
  description: "a directory of 100,000 accounts: its memory, its look-ups, and what billing costs the gateway",
  defaults: { seconds: 15 },
  parts: [SNAPSHOT, BILLING],
  meanings: { ...SNAPSHOT_MEANINGS, ...BILLING_MEANINGS },
  run: runDirectory,
};

async function runDirectory(options: BenchOptions): Promise<BenchOutcome> {
  const isWanted = (part: string): boolean => options.only?.includes(part) ?? true;
  const snapshot = isWanted(SNAPSHOT) ? await measureSnapshot(options) : { figures: {}, failures: [], otherLoad: {} };
  if (!isWanted(BILLING)) return snapshot;
  const billing = await runBilling(options);
  return {
    figures: { ...snapshot.figures, ...billing.figures },
    failures: [...snapshot.failures, ...billing.failures],
    otherLoad: billing.otherLoad,
  };
}
