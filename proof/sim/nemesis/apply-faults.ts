/** Causes the faults of a schedule, each at its time, and puts down what they did. */
import type { World } from "../world.ts";
import { type AppliedFault, type Fault, kindOf, lastsMs } from "./fault-table.ts";

export function scheduleFaults(
  world: World,
  schedule: readonly Fault[],
): { readonly applied: readonly AppliedFault[] } {
  const applied: AppliedFault[] = [];
  for (const fault of schedule) {
    world.time.after(fault.at, () => {
      const detail = kindOf(fault).cause(world, fault);
      applied.push({ fault, happened: detail !== undefined, detail: detail ?? "" });
    });
  }
  return { applied };
}

/** When the last of them has ended, in milliseconds since the run began. */
export function endOf(schedule: readonly Fault[]): number {
  return Math.max(0, ...schedule.map((fault) => fault.at + lastsMs(fault)));
}
