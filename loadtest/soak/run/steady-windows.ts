/** The parts of a run that are compared with other runs: steady load, nothing broken, nothing left over. Pure. */
import type { TimeWindow } from "../measure/time-windows.ts";
import type { Band } from "../report/soak-report.ts";

/** What a change of the rate leaves on its way. */
const MARGIN_MS = 3_000;
/** After a fault: leases end, elections are over, connections are made anew. */
const RECOVERY_MS = 10_000;
/** Of a shorter one percentiles are of a few messages. */
const WINDOW_MS_MIN = 5_000;

export interface PhaseBand extends Band {
  readonly kind: string;
}

/** Ascending. A fault that outlasted its phase cuts the steady one after it; none are left when it took all of them. */
export function steadyWindows(phases: readonly PhaseBand[], faults: readonly Band[]): readonly TimeWindow[] {
  const steady = phases.filter(({ kind }) => kind === "steady");
  return steady.flatMap(({ from, to }) => {
    const disturbed = faults.filter((fault) => fault.from < to && fault.to + RECOVERY_MS > from);
    const start = Math.max(from + MARGIN_MS, ...disturbed.map((fault) => fault.to + RECOVERY_MS));
    return to - start >= WINDOW_MS_MIN ? [{ from: Math.ceil(start), to: Math.floor(to) }] : [];
  });
}
