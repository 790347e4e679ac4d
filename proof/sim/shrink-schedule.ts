/** Makes the schedule of a failing run short: faults are left out as long as it still fails in the same check. */
import type { Fault } from "./nemesis/fault-table.ts";

/**
 * `fails` runs a schedule and says whether it still does. The result is one from which no fault can be left out alone;
 * at most n² runs for n faults, and hardly ever more than 3 n.
 */
export function shrinkSchedule(
  schedule: readonly Fault[],
  fails: (some: readonly Fault[]) => boolean,
): readonly Fault[] {
  let shortest = schedule;
  for (let i = 0; i < shortest.length; ) {
    const without = shortest.toSpliced(i, 1);
    if (fails(without)) {
      shortest = without;
      i = 0;
    } else i += 1;
  }
  return shortest;
}
