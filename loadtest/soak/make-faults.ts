/**
 * The faults of a soak, one after the other while their window lasts: each proves that it happened, is healed before
 * the next, and is a band of its own in the report. They are those of chaos that need no proxy and no load of its own.
 */

import type { Fault } from "../../proof/chaos/faults/fault.ts";
import { killPrimary } from "../../proof/chaos/faults/kill-primary.ts";
import { killRoleFaults } from "../../proof/chaos/faults/kill-role.ts";
import { providerFaults } from "../../proof/chaos/faults/provider-faults.ts";
import { type NemesisDeps, runRound } from "../../proof/chaos/nemesis.ts";
import { scheduleRounds } from "../../proof/chaos/schedule.ts";
import type { FaultBand } from "./report/soak-report.ts";

const WANTED: readonly string[] = ["kill-primary", "kill-worker", "kill-connectors", "provider-drops-links"];
const FAULTS: readonly Fault<unknown>[] = [killPrimary, ...killRoleFaults, ...providerFaults].filter(({ name }) =>
  WANTED.includes(name),
);
/** A fault, its healing, and what was on its way then: one that begins later would run out of the window. */
const ROUND_MS = 25_000;

export interface FaultWindow {
  /** By the monotonic clock. */
  readonly until: number;
  readonly seed: number;
}

/** Returns what was done, times in milliseconds since the epoch. Nothing, where the window is too short for one. */
export async function makeFaults(
  deps: Omit<NemesisDeps<unknown>, "load">,
  window: FaultWindow,
): Promise<readonly FaultBand[]> {
  const { clock, signal } = deps;
  const bands: FaultBand[] = [];
  for (const round of scheduleRounds(
    window.seed,
    FAULTS.map(({ name }) => name),
  )) {
    if (signal.aborted || clock.monotonic() + ROUND_MS > window.until) return bands;
    await clock.sleep(round.quietMs, signal);
    const fault = FAULTS.find(({ name }) => name === round.fault);
    if (fault === undefined || signal.aborted) return bands;
    const from = clock.now();
    const { happened, evidence } = await runRound({ ...deps, load: undefined }, fault, round);
    bands.push({ name: fault.name, from, to: clock.now(), happened, evidence });
  }
  return bands;
}
