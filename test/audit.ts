/**
 * The checker of the end-to-end tests: what was acknowledged against what the provider saw and what the log says. Pure;
 * it returns what is wrong in words, and audit.test.ts plants a fault for each of them.
 */
import type { MessageEvent } from "#domain/event.ts";
import { foldEvents, statusOf } from "#domain/fold.ts";
import type { SampleMessage } from "./sample-messages.ts";
import type { AcknowledgedMessage } from "./send.ts";

/** One submit_sm as the simulator recorded it. */
export interface SeenSubmit {
  readonly to: string;
  readonly text: string;
  readonly status: number | "silent" | "dropped";
  readonly concat?: { readonly index: number; readonly total: number };
}

export interface Evidence {
  readonly acknowledged: readonly AcknowledgedMessage[];
  /** Sent, but not acknowledged: may exist. */
  readonly uncertain: readonly SampleMessage[];
  readonly submits: readonly SeenSubmit[];
  readonly events: ReadonlyMap<string, readonly MessageEvent[]>;
}

/**
 * Every violation, none when all is well. A double is one only where the log does not say that it may have happened.
 */
export function audit(evidence: Evidence): readonly string[] {
  const submitsByNumber = Map.groupBy(evidence.submits, ({ to }) => to.replace(/^\+?/, "+"));
  const problems: string[] = [];
  const ids = new Set<string>();
  for (const message of evidence.acknowledged) {
    if (ids.has(message.id)) problems.push(`${message.id}: acknowledged twice`);
    ids.add(message.id);
    const events = evidence.events.get(message.id) ?? [];
    problems.push(...eventProblems(message, events));
    problems.push(...submitProblems(message, events, submitsByNumber.get(message.to) ?? []));
  }
  const known = new Set([...evidence.acknowledged, ...evidence.uncertain].map(({ to }) => to));
  for (const to of submitsByNumber.keys())
    if (!known.has(to)) problems.push(`${to}: submitted, but never sent by anybody`);
  return problems;
}

/** The full line: once accepted, routed and billed; each segment submitted and receipted; delivered in the end. */
function eventProblems(message: AcknowledgedMessage, events: readonly MessageEvent[]): readonly string[] {
  const problems: string[] = [];
  const count = (type: MessageEvent["type"]): number => events.filter((event) => event.type === type).length;
  for (const type of ["accepted", "routed", "billed"] as const) {
    if (count(type) !== 1) problems.push(`${message.id}: ${count(type)} events '${type}'`);
  }
  for (let segment = 0; segment < message.segments; segment++) {
    for (const type of ["submitted", "delivered"] as const) {
      const some = events.some((event) => event.type === type && event.segment === segment);
      if (!some) problems.push(`${message.id}: segment ${segment} is not '${type}'`);
    }
  }
  const status = statusOf(foldEvents(events));
  if (status !== "delivered") problems.push(`${message.id}: ends as '${status}'`);
  return problems;
}

function submitProblems(
  message: AcknowledgedMessage,
  events: readonly MessageEvent[],
  submits: readonly SeenSubmit[],
): readonly string[] {
  const problems: string[] = [];
  const taken = submits.filter(({ status }) => status === 0 || status === "silent");
  const parts: string[] = [];
  for (let segment = 0; segment < message.segments; segment++) {
    const mine = taken.filter(({ concat }) => (concat?.index ?? 1) === segment + 1);
    const doubts = events.filter((event) => event.type === "in_doubt" && event.segment === segment).length;
    if (mine.length === 0) problems.push(`${message.id}: segment ${segment} never reached the provider`);
    if (mine.length > 1 + doubts) {
      problems.push(
        `${message.id}: segment ${segment} reached the provider ${mine.length} times with ${doubts} doubts`,
      );
    }
    parts.push(mine[0]?.text ?? "");
  }
  if (parts.join("") !== message.text) problems.push(`${message.id}: the provider got another text`);
  return problems;
}
