/** I7: a segment is written by whoever holds the lease of its chunk, as the set has it, and by nobody else. */
import { setOfMessage } from "#domain/ids.ts";
import type { History, SubmitRecord } from "../history.ts";
import { hurtBy } from "../nemesis/fault-table.ts";

/** As long as a lease: one that was given before its set's clock jumped ends early, which nobody can know. */
const LEASE_MS = 15_000;

export function checkOneHolder({ submits, faults }: History): readonly string[] {
  return submits.flatMap((submit) => {
    const { lease, message, segment, at, connector } = submit;
    if (lease === "held" || isCutShort(submit, faults)) return [];
    return [
      `${message}/${segment} was written by ${connector} at ${at.toFixed(0)}, who did not hold its chunk any more`,
    ];
  });
}

/** Its writer's lease may have ended before its time. */
export function isCutShort({ lease, message, at }: SubmitRecord, faults: History["faults"]): boolean {
  if (lease === "held") return false;
  return faults.some(({ fault }) => {
    const { set, endsLeases } = hurtBy(fault);
    return endsLeases === true && set === setOfMessage(message) && fault.at <= at && at <= fault.at + LEASE_MS;
  });
}
