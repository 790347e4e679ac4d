/** What happens to one submit, by the behaviour and by chance. No I/O; its only memory is what it counts. */
import { Status } from "#core/smpp/pdu.ts";
import type { Random } from "#domain/random.ts";
import type { Behaviour } from "./behaviour.ts";

export type ReceiptState = "delivered" | "undelivered" | "expired";

export interface SubmitPlan {
  /** `silent`: taken and not answered. `drop`: the link is cut, the submit is not taken. */
  readonly answer: "accept" | "silent" | "drop" | { readonly refuse: number };
  readonly receipt?: ReceiptState;
  readonly garbage: boolean;
  readonly replies: readonly string[];
}

export interface SubmitPlanner {
  plan(submit: { to: string; text: () => string }, behaviour: Behaviour, nowMs: number): SubmitPlan;
}

/** Destinations that were throttled once and have not come back; past the bound the oldest are forgotten. */
const THROTTLED_MAX = 10_000;
const MAGIC_RECEIPT: readonly (readonly [suffix: string, state: ReceiptState])[] = [
  ["0001", "undelivered"],
  ["0002", "expired"],
];

export function createSubmitPlanner(random: Random): SubmitPlanner {
  const throttledOnce = new Set<string>();
  let submits = 0;
  let second = 0;
  let inSecond = 0;

  function isOverRate(limit: number, nowMs: number): boolean {
    const current = Math.floor(nowMs / 1_000);
    if (current !== second) {
      second = current;
      inSecond = 0;
    }
    inSecond++;
    return limit > 0 && inSecond > limit;
  }

  function throttleOnce(to: string): boolean {
    if (throttledOnce.delete(to)) return false;
    const [oldest] = throttledOnce;
    if (throttledOnce.size >= THROTTLED_MAX && oldest !== undefined) throttledOnce.delete(oldest);
    throttledOnce.add(to);
    return true;
  }

  function refusal(to: string, behaviour: Behaviour, nowMs: number): number | undefined {
    if (isOverRate(behaviour.throttlePerSecond, nowMs)) return Status.throttled;
    if (behaviour.magicSuffixes && to.endsWith("0003")) return Status.invalidDestination;
    if (behaviour.magicSuffixes && to.endsWith("0058") && throttleOnce(to)) return Status.throttled;
    const rule = behaviour.refuse.find(({ toSuffix, share }) => to.endsWith(toSuffix) && falls(share));
    return rule?.status;
  }

  function falls(share: number): boolean {
    return share >= 1 || (share > 0 && random.fraction() < share);
  }

  return {
    plan({ to, text }, behaviour, nowMs) {
      submits++;
      const { dropLinkEvery, garbageEvery } = behaviour;
      const garbage = garbageEvery > 0 && submits % garbageEvery === 0;
      if (dropLinkEvery > 0 && submits % dropLinkEvery === 0) return { answer: "drop", garbage: false, replies: [] };
      const refuse = refusal(to, behaviour, nowMs);
      if (refuse !== undefined) return { answer: { refuse }, garbage, replies: [] };
      const replies = behaviour.autoReply
        .filter(
          (rule) => to.endsWith(rule.toSuffix) && (rule.textContains === "" || text().includes(rule.textContains)),
        )
        .map((rule) => rule.text);
      const receipt = receiptFor(to, behaviour);
      const answer = falls(behaviour.noAnswerShare) ? "silent" : "accept";
      return { answer, garbage, replies, ...(receipt === undefined ? {} : { receipt }) };
    },
  };
}

function receiptFor(to: string, behaviour: Behaviour): ReceiptState | undefined {
  if (behaviour.receipts === "none") return undefined;
  const magic = behaviour.magicSuffixes ? MAGIC_RECEIPT.find(([suffix]) => to.endsWith(suffix)) : undefined;
  return magic?.[1] ?? behaviour.receipts;
}
