/** I9: while a set that nothing was done to can be reached, an edge that nothing was done to takes messages. */
import type { AttemptEnd, History, SendOperation } from "../history.ts";
import { lastsMs } from "../nemesis/apply-faults.ts";
import type { AppliedFault } from "../nemesis/fault.ts";
import { setRegions } from "../sim-directory.ts";

/** What a fault leaves behind: a breaker that is open, a standing that is not known, a clock that has to settle. */
const AFTERMATH_MS = 8_000;
/** Before this, roles are opening. */
const START_MS = 3_000;

export function checkNobodyNeedsAnother({ operations, faults }: History): readonly string[] {
  return operations.filter(({ key }) => key === undefined).flatMap((operation) => findRefused(operation, faults));
}

function findRefused(operation: SendOperation, faults: readonly AppliedFault[]): readonly string[] {
  const { name, attempts } = operation;
  return attempts.flatMap(({ edge, at, end, endAt = at }) => {
    if (at < START_MS || !isRefused(end)) return [];
    const near = faults.filter(({ fault }) => fault.at <= endAt && at <= fault.at + lastsMs(fault) + AFTERMATH_MS);
    // An edge that dies leaves its transaction open for 5 s. A repetition of its key at another edge meets it, and what
    // shares its step is held up with it: known, and told in docs/RELIABILITY.md.
    const isEdgeHit = near.some(({ fault }) => "process" in fault && fault.process.startsWith("edge"));
    const hitSets = new Set(near.flatMap(({ fault }) => ("set" in fault ? [fault.set] : [])));
    if (isEdgeHit || hitSets.size === setRegions.size) return [];
    return [`${name} was answered '${end.type}' by ${edge} at ${at}, and only ${[...hitSets].join()} was away`];
  });
}

/** A step that is under way on a set that hangs may be told as unknown: another set would make it two. */
function isRefused(end: AttemptEnd | undefined): end is AttemptEnd {
  return end?.type === "unavailable" || end?.type === "overloaded" || end?.type === "not_sent";
}
