/**
 * What happens to one submit, by the behaviour and by chance. No I/O; its only memory is what it counts. All chance is
 * drawn here, when the submit comes, and none when something falls due: so the same submits in the same order with the
 * same seed meet the same fate.
 */
import type { Random } from "#domain/random.ts";
import type { AutoReplyRule, Behaviour, finalStates } from "./behaviour.ts";
import { drawDelayMs, drawWeighted } from "./delay-distribution.ts";
import { createRateWindow } from "./rate-window.ts";
import type { ReceiptDialectName } from "./receipt-dialects.ts";
import { createRefuseSubmit, isMeant } from "./refuse-submit.ts";

export type ReceiptState = (typeof finalStates)[number] | "enroute";

export interface PlannedReceipt {
  readonly state: ReceiptState;
  readonly dialect: ReceiptDialectName;
  /** After the answer; `before_answer`: at once. */
  readonly afterMs: number | "before_answer";
}

export interface PlannedReply {
  readonly rule: AutoReplyRule;
  /** After the answer. */
  readonly afterMs: number;
  /** Of what befalls its parts. */
  readonly seed: number;
}

export interface SubmitPlan {
  /** `silent`: taken and not answered. `drop`: the link is cut. `half_open`: it dies. Neither takes the submit. */
  readonly answer: "accept" | "silent" | "drop" | "half_open" | { readonly refuse: number };
  readonly answerAfterMs: number;
  /** What TLV congestion_state says, when it is there. */
  readonly congestion: number | undefined;
  readonly receipts: readonly PlannedReceipt[];
  readonly replies: readonly PlannedReply[];
  readonly garbage: boolean;
}

export interface SeenSubmit {
  /** As it stood in the PDU, without a "+". */
  readonly to: string;
  readonly from: string;
  readonly text: () => string;
  /** The registered_delivery of the submit. */
  readonly registered: number;
}

type Weights = Exclude<Behaviour["receipts"], string>;
interface WeightedState {
  readonly state: ReceiptState | "none";
  readonly share: number;
}

const MAGIC_RECEIPT: readonly (readonly [suffix: string, state: ReceiptState])[] = [
  ["0001", "undelivered"],
  ["0002", "expired"],
];
const NONE: readonly never[] = [];
const NOT_TAKEN = { answerAfterMs: 0, congestion: undefined, receipts: NONE, replies: NONE, garbage: false };

export class SubmitPlanner {
  readonly #random: Random;
  readonly #refuse = createRefuseSubmit();
  readonly #inSecond = createRateWindow(1_000);
  readonly #weighted = new WeakMap<Weights, readonly WeightedState[]>();
  readonly #falls = (share: number): boolean => share >= 1 || (share > 0 && this.#random.fraction() < share);
  #submits = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  plan(submit: SeenSubmit, behaviour: Behaviour, nowMs: number): SubmitPlan {
    this.#submits++;
    const inSecond = this.#inSecond.count(nowMs);
    if (this.#isNth(behaviour.dropLinkEvery)) return { answer: "drop", ...NOT_TAKEN };
    if (this.#isNth(behaviour.halfOpenEvery)) return { answer: "half_open", ...NOT_TAKEN };
    const garbage = this.#isNth(behaviour.garbageEvery);
    const answerAfterMs = drawDelayMs(behaviour.respDelayMs, this.#random);
    const refuse = this.#refuse(submit, { behaviour, inSecond, nowMs, falls: this.#falls });
    if (refuse !== undefined) return { ...NOT_TAKEN, answer: { refuse }, answerAfterMs, garbage };
    const receipts = this.#planReceipts(submit, behaviour);
    const replies = behaviour.autoReply.length === 0 ? NONE : this.#planReplies(submit, behaviour);
    const answer = this.#falls(behaviour.noAnswerShare) ? "silent" : "accept";
    return { answer, answerAfterMs, congestion: congestionOf(behaviour, inSecond), receipts, replies, garbage };
  }

  #isNth(every: number): boolean {
    return every > 0 && this.#submits % every === 0;
  }

  #planReceipts(submit: SeenSubmit, behaviour: Behaviour): readonly PlannedReceipt[] {
    const state = this.#drawState(submit.to, behaviour);
    if (state === undefined || !isWanted(submit.registered, state)) return NONE;
    const dialect = this.#drawDialect(behaviour);
    const early = this.#falls(behaviour.receiptFirst);
    const delayMs = early ? 0 : drawDelayMs(behaviour.receiptDelayMs, this.#random);
    const afterMs = early ? "before_answer" : delayMs;
    const planned: PlannedReceipt[] = [];
    if (this.#falls(behaviour.intermediateReceipts)) {
      planned.push({ state: "enroute", dialect, afterMs: early ? "before_answer" : 0 });
    }
    planned.push({ state, dialect, afterMs });
    if (this.#falls(behaviour.doubleReceipts)) planned.push({ state, dialect, afterMs });
    if (this.#falls(behaviour.contradictReceipts)) {
      const opposite = state === "delivered" ? "undelivered" : "delivered";
      const laterMs = delayMs + drawDelayMs(behaviour.receiptDelayMs, this.#random);
      planned.push({ state: opposite, dialect, afterMs: laterMs });
    }
    return planned;
  }

  #drawState(to: string, { receipts, magicSuffixes }: Behaviour): ReceiptState | undefined {
    const magic = magicSuffixes ? MAGIC_RECEIPT.find(([suffix]) => to.endsWith(suffix))?.[1] : undefined;
    if (receipts === "none") return undefined;
    if (typeof receipts === "string") return magic ?? receipts;
    const drawn = drawWeighted(this.#statesOf(receipts), this.#random).state;
    return magic ?? (drawn === "none" ? undefined : drawn);
  }

  #statesOf(weights: Weights): readonly WeightedState[] {
    const states =
      this.#weighted.get(weights) ??
      Object.entries(weights).map(([state, share]) => ({ state: state as WeightedState["state"], share }));
    this.#weighted.set(weights, states);
    return states;
  }

  #drawDialect({ receiptDialect }: Behaviour): ReceiptDialectName {
    if (typeof receiptDialect === "string") return receiptDialect;
    return receiptDialect[Math.floor(this.#random.fraction() * receiptDialect.length)] ?? "standard";
  }

  #planReplies(submit: SeenSubmit, behaviour: Behaviour): readonly PlannedReply[] {
    return behaviour.autoReply
      .filter((rule) => isMeant(rule, submit) && containsText(rule, submit) && this.#falls(rule.share))
      .map((rule) => ({
        rule,
        afterMs: drawDelayMs(rule.delayMs ?? behaviour.receiptDelayMs, this.#random),
        seed: Math.floor(this.#random.fraction() * 2 ** 32),
      }));
  }
}

function containsText({ textContains }: AutoReplyRule, { text }: SeenSubmit): boolean {
  return textContains === "" || text().includes(textContains);
}

function congestionOf({ congestion, throttlePerSecond }: Behaviour, inSecond: number): number | undefined {
  if (typeof congestion === "number") return congestion;
  if (congestion === "off" || throttlePerSecond === 0) return undefined;
  return Math.min(100, Math.round((100 * inSecond) / throttlePerSecond));
}

/** By bits 1-0 of registered_delivery: 1 every final state, 2 failures only, 3 success only [SMPP 5.0 §4.7.21]. */
function isWanted(registered: number, state: ReceiptState): boolean {
  const bits = registered & 0x03;
  return bits === 1 || (bits === 2 && state !== "delivered") || (bits === 3 && state === "delivered");
}
