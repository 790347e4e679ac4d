/** Whether a submit is refused, and how, by the behaviour. No I/O; its only memory is what it counts. */
import { Status } from "#core/smpp/pdu.ts";
import type { Behaviour, RefusalRule } from "./behaviour.ts";
import { createKeyedWindows, createRateWindow, type RateWindow } from "./rate-window.ts";

interface Addressed {
  /** As they stood in the PDU, without a "+". */
  readonly to: string;
  readonly from: string;
}

export interface RefusalContext {
  readonly behaviour: Behaviour;
  /** Submits of this account in this second, this one included. */
  readonly inSecond: number;
  readonly nowMs: number;
  readonly falls: (share: number) => boolean;
}

/** The status that refuses the submit, or undefined. */
export type RefuseSubmit = (submit: Addressed, context: RefusalContext) => number | undefined;

const QUEUE_FULL = 0x14;
/** Recipients that are remembered for a limit or for 0058; past it the oldest are forgotten. */
const RECIPIENTS_MAX = 10_000;

/** In this order: the account's rate, magic suffixes, rules, the recipient's queue. */
export function createRefuseSubmit(): RefuseSubmit {
  const throttledOnce = new Set<string>();
  const recipients = createKeyedWindows(RECIPIENTS_MAX);
  const windows = new WeakMap<RefusalRule, RateWindow>();

  function throttleOnce(to: string): boolean {
    if (throttledOnce.delete(to)) return false;
    const [oldest] = throttledOnce;
    if (throttledOnce.size >= RECIPIENTS_MAX && oldest !== undefined) throttledOnce.delete(oldest);
    throttledOnce.add(to);
    return true;
  }

  function ruleRefuses(rule: RefusalRule, submit: Addressed, { nowMs, falls }: RefusalContext): boolean {
    if (!isMeant(rule, submit)) return false;
    if (rule.overPerSecond > 0) {
      const window = windows.get(rule) ?? createRateWindow(1_000);
      windows.set(rule, window);
      if (window.count(nowMs) <= rule.overPerSecond) return false;
    }
    return falls(rule.share);
  }

  return (submit, context) => {
    const { to } = submit;
    const { throttlePerSecond, recipientQueue, magicSuffixes, refuse } = context.behaviour;
    if (throttlePerSecond > 0 && context.inSecond > throttlePerSecond) return Status.throttled;
    if (magicSuffixes && to.endsWith("0003")) return Status.invalidDestination;
    if (magicSuffixes && to.endsWith("0058") && throttleOnce(to)) return Status.throttled;
    const rule = refuse.find((each) => ruleRefuses(each, submit, context));
    if (rule !== undefined) return rule.status;
    const limit = recipientQueue.messages;
    const isFull = limit > 0 && recipients.count(to, recipientQueue.seconds * 1_000, context.nowMs) > limit;
    return isFull ? QUEUE_FULL : undefined;
  };
}

/** Whether a rule means this submit: all that it names must fit. Numbers in rules may begin with "+". */
export function isMeant(rule: { toSuffix: string; toPrefix: string; from: string }, { to, from }: Addressed): boolean {
  return to.endsWith(rule.toSuffix) && begins(to, rule.toPrefix) && (rule.from === "" || begins(from, rule.from));
}

function begins(address: string, prefix: string): boolean {
  return address.startsWith(prefix) || (prefix.startsWith("+") && address.startsWith(prefix.slice(1)));
}
