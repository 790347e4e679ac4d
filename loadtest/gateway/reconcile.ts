/**
 * Holds what was accepted against what the provider got and what the log says: each 202 has exactly one submit_sm with
 * its own text, one `submitted` event and one receipt event, and the provider got nothing that nobody may have
 * accepted. A figure from a run that does not reconcile is worth nothing. Pure.
 */
import { loadMessage } from "../generator/load-message.ts";
import type { AcceptedMessage } from "../generator/run-load.ts";
import type { Tallies } from "./event-tally.ts";

/** A submit_sm that came in at the provider with the number of a load message. */
export interface SeenSubmit {
  readonly index: number;
  readonly at: number;
  readonly text: string;
}

export interface Reconciliation {
  readonly failures: readonly string[];
  /** Arrival of each accepted message's first submit_sm. */
  readonly submitAt: ReadonlyMap<number, number>;
}

const EXAMPLES_MAX = 3;

/** `unanswered`: how many requests may have been accepted without our knowing. */
export function reconcile(input: {
  readonly accepted: readonly AcceptedMessage[];
  readonly submits: readonly SeenSubmit[];
  readonly tallies: Tallies;
  readonly unanswered: number;
}): Reconciliation {
  const { accepted, submits, tallies, unanswered } = input;
  const faults = new Map<string, string[]>();
  const complain = (fault: string, example: string): void => {
    const examples = faults.get(fault);
    if (examples === undefined) faults.set(fault, [example]);
    else examples.push(example);
  };

  const ids = new Map<string, number>();
  const seen = countSubmits(submits, complain);
  for (const { id, index } of accepted) {
    const other = ids.get(id);
    if (other !== undefined) complain("messages with an id that another has", `${id} of ${other} and ${index}`);
    ids.set(id, index);
    const name = `${id} (number ${index})`;
    const count = seen.get(index)?.count ?? 0;
    if (count === 0) complain("accepted messages never submitted", name);
    if (count > 1) complain("messages submitted more than once", name);
    const tally = tallies.get(id);
    if (tally === undefined) complain("accepted messages of which the log knows nothing", name);
    if (tally?.submits === 0) complain("accepted messages without a submitted event", name);
    if ((tally?.submits ?? 0) > 1) complain("messages with more than one submitted event", name);
    if (tally?.receipts === 0) complain("accepted messages without a receipt event", name);
    if ((tally?.receipts ?? 0) > 1) complain("messages with more than one receipt event", name);
    if ((tally?.inDoubt ?? 0) > 0) complain("messages in doubt", name);
    if ((tally?.refusals ?? 0) > 0) complain("accepted messages that were refused", name);
  }
  const known = new Set(accepted.map(({ index }) => index));
  const strangers = [...seen.keys()].filter((index) => !known.has(index));
  if (strangers.length > unanswered) {
    for (const index of strangers) complain("messages submitted that nobody accepted", `number ${index}`);
  }
  return {
    failures: [...faults].map(
      ([fault, examples]) => `${examples.length} ${fault}, such as ${examples.slice(0, EXAMPLES_MAX).join(", ")}`,
    ),
    submitAt: new Map([...seen].map(([index, { at }]) => [index, at])),
  };
}

function countSubmits(
  submits: readonly SeenSubmit[],
  complain: (fault: string, example: string) => void,
): ReadonlyMap<number, { count: number; readonly at: number }> {
  const seen = new Map<number, { count: number; readonly at: number }>();
  for (const { index, at, text } of submits) {
    const before = seen.get(index);
    if (before === undefined) seen.set(index, { count: 1, at });
    else before.count++;
    if (text !== loadMessage(index).text) complain("messages submitted with another text", `number ${index}: ${text}`);
  }
  return seen;
}
