/**
 * I9: while a set that nothing was done to can be reached, an edge that nothing was done to takes messages, and what it
 * took there is on its way within seconds, as long as a worker and a connector live to which nothing was done.
 */
import { type MessageId, type SetId, setOfMessage } from "#domain/ids.ts";
import type { AttemptEnd, History, SendOperation, SubmitRecord } from "../history.ts";
import { type AppliedFault, type Fault, hurtBy, lastsMs } from "../nemesis/fault-table.ts";
import { shortAccounts } from "../plan-payments.ts";
import { setRegions } from "../sim-directory.ts";

/** What a fault leaves behind: a breaker that is open, a standing that is not known, a clock that has to settle. */
const AFTERMATH_MS = 8_000;
/** Before this, roles are opening. */
const START_MS = 3_000;

/** From its answer to a route, and from there to a provider, which may be slow, while another set is away. */
const ROUTED_MS = 3_000;
const SUBMITTED_MS = 6_500;
/** What a fault leaves behind in its process: a lane loop backs off for 2 s. */
const BACK_OFF_MS = 4_000;
/** And on its set: a step whose answer was lost is tried again after 8 s. */
const LATE_STEP_MS = 9_000;
/** What an edge wrote late lies behind where claims begin to look: found with the next look from the head. */
const FOUND_LATE_MS = 5_000;
/** While a worker or a connector is away: what it held is another's when its lease has run out. */
const TAKEN_OVER_MS = 20_000;
/** A provider that takes longer is silent; a connector waits for it so long. */
const SILENT_MS = 2_000;
const UNANSWERED_MS = 4_000;

export function checkNobodyNeedsAnother(history: History): readonly string[] {
  const unkeyed = history.operations.filter(({ key }) => key === undefined);
  return [...unkeyed.flatMap((operation) => findRefused(operation, history)), ...findStuck(history)];
}

function findRefused(operation: SendOperation, { faults, drained }: History): readonly string[] {
  const { name, attempts } = operation;
  return attempts.flatMap(({ edge, at, end, endAt = at }) => {
    if (at < START_MS || !isRefused(end)) return [];
    const near = faults.filter(({ fault }) => fault.at <= endAt && at <= fault.at + lastsMs(fault) + AFTERMATH_MS);
    const hurts = near.map(({ fault }) => hurtBy(fault));
    const closed = drained.filter(({ from, until }) => from <= endAt && at <= until + AFTERMATH_MS);
    const hitSets = new Set([
      ...hurts.flatMap(({ set, way }) => set ?? (way?.process === edge ? way.set : [])),
      ...closed.map(({ set }) => set),
    ]);
    if (hurts.some(({ process }) => process === edge) || hitSets.size === setRegions.size) return [];
    return [`${name} was answered '${end.type}' by ${edge} at ${at}, and only ${[...hitSets].join()} was away`];
  });
}

/** Messages on a set to which nothing was done that nobody worked off for too long. */
function findStuck(history: History): readonly string[] {
  const { operations, submits, routedAt, faults } = history;
  const firsts = new Map<MessageId, SubmitRecord>();
  for (const submit of submits) if (!firsts.has(submit.message)) firsts.set(submit.message, submit);
  const short = shortAccounts(history.paid);
  const late = (id: MessageId, what: string, span: Span): readonly string[] => {
    const ms = Math.round(span.to - span.from);
    const words = `${id} was ${what} ${ms} ms after ${Math.round(span.from)}, and nobody hindered it`;
    return isTooLong(setOfMessage(id), span, faults) ? [words] : [];
  };
  // What is not there never came to that: nothing-lost judges what has no end.
  // Who has little credit waits for what other sets have of it.
  const paying = operations.filter(({ submission }) => !short.has(submission.account));
  return [...answerTimes(paying)].flatMap(([id, answeredAt]) => {
    const routed = routedAt.get(id);
    if (routed === undefined) return [];
    const routing = late(id, "routed", { role: "worker", from: answeredAt, to: routed, boundMs: ROUTED_MS });
    const first = firsts.get(id);
    if (first === undefined) return routing;
    const boundMs = SUBMITTED_MS + (wasKeptWaiting(first, routed, submits) ? TAKEN_OVER_MS : 0);
    return [...routing, ...late(id, "submitted", { role: "connector", from: routed, to: first.at, boundMs })];
  });
}

function answerTimes(operations: readonly SendOperation[]): ReadonlyMap<MessageId, number> {
  const times = new Map<MessageId, number>();
  for (const { end, endAt } of operations.flatMap(({ attempts }) => attempts)) {
    for (const id of end?.type === "accepted" ? end.ids : []) {
      if (endAt !== undefined && !times.has(id)) times.set(id, endAt);
    }
  }
  return times;
}

/** Its connector's window was taken up by segments that the provider did not answer. */
function wasKeptWaiting({ connector, at }: SubmitRecord, since: number, submits: readonly SubmitRecord[]): boolean {
  return submits.some((other) => {
    const isSilent = (other.answerMs ?? Number.POSITIVE_INFINITY) > SILENT_MS;
    return isSilent && other.connector === connector && other.at < at && other.at > since - UNANSWERED_MS;
  });
}

interface Span {
  readonly role: "worker" | "connector";
  readonly from: number;
  readonly to: number;
  readonly boundMs: number;
}

/** Something of `set` took too long, all that was done to others allowed for. */
function isTooLong(set: SetId, { role, from, to, boundMs: usualMs }: Span, faults: readonly AppliedFault[]): boolean {
  const isNear = (fault: Fault, afterMs: number): boolean => fault.at <= to && from <= felt(fault, faults) + afterMs;
  const wasWrittenLate = faults.some(({ fault }) => {
    const { way } = hurtBy(fault);
    return way?.set === set && way.process.startsWith("edge") && isNear(fault, LATE_STEP_MS);
  });
  const boundMs = usualMs + (role === "worker" && wasWrittenLate ? FOUND_LATE_MS : 0);
  if (to - from <= boundMs) return false;
  if (faults.some(({ fault }) => hurtBy(fault).set === set && isNear(fault, LATE_STEP_MS))) return false;
  const hurt = new Set(
    faults.flatMap(({ fault }) => {
      const { process, way } = hurtBy(fault);
      const name = process ?? (way?.set === set ? way.process : undefined);
      const afterMs = process === undefined ? LATE_STEP_MS : BACK_OFF_MS;
      return name?.startsWith(role) === true && isNear(fault, afterMs) ? [name] : [];
    }),
  );
  return hurt.size === 0 || (hurt.size === 1 && to - from > boundMs + TAKEN_OVER_MS);
}

/** Until when, by those that stood still meanwhile. */
function felt(fault: Fault, faults: readonly AppliedFault[]): number {
  const end = (one: Fault): number => one.at + lastsMs(one);
  if (hurtBy(fault).unheard !== true) return end(fault);
  const stood = faults.filter(({ fault: other }) => hurtBy(other).process !== undefined && other.at <= end(fault));
  return Math.max(end(fault), ...stood.map(({ fault: other }) => end(other)));
}

/** A step that is under way on a set that hangs may be told as unknown: another set would make it two. */
function isRefused(end: AttemptEnd | undefined): end is AttemptEnd {
  return end?.type === "unavailable" || end?.type === "overloaded" || end?.type === "not_sent";
}
