/**
 * An operator: takes segments over links, keeps its own record of them, sends receipts and replies over any link that
 * is up, and again until they are acknowledged. It survives everything: what it knows is the truth about the air.
 */
import type { Random } from "#domain/random.ts";
import type { InboundReceipt, InboundReply, SubmitResult } from "../../../connectors/connector.ts";
import { between, chance, oneOf } from "../../seeded-random.ts";
import type { ReceiptRecord, ReplyRecord, SubmitRecord } from "../history.ts";
import type { PastMessage } from "../plan-past.ts";
import { EPOCH_MS } from "../sim-process.ts";
import type { SimTime } from "../sim-time.ts";
import { type Reached, reach } from "../sometimes.ts";
import { drawMood, type ProviderMood, planAnswer, type SubmitPlan } from "./plan-answer.ts";

/** One bind as the provider sees it. Both resolve with whether it was acknowledged; never after it broke. */
export interface ProviderLink {
  receipt(receipt: InboundReceipt): Promise<boolean>;
  reply(reply: InboundReply): Promise<boolean>;
}

/** An acknowledgement that takes longer is none. */
const ACKNOWLEDGE_MS = 6_000;
const AGAIN_MS = { min: 300, max: 1_500 };
const SLOW_MS = { min: 600, max: 1_400 };
/** A reply follows some of what was delivered. */
const REPLY_SHARE = 0.25;

interface SimProviderDeps {
  readonly time: SimTime;
  readonly random: Random;
  readonly reached: Reached;
  /** What it had done before the run, under its first ids. */
  readonly past: readonly PastMessage[];
  /** Told when it first hears that something was taken. */
  readonly onAcknowledged: (record: ReceiptRecord | ReplyRecord) => void;
}

export class SimProvider {
  readonly submits: SubmitRecord[] = [];
  readonly receipts: ReceiptRecord[] = [];
  readonly replies: ReplyRecord[] = [];
  readonly #deps: SimProviderDeps;
  readonly #mood: ProviderMood;
  readonly #links = new Set<ProviderLink>();
  /** Deliveries that are not acknowledged, and receipts to come. */
  #pending = 0;
  #lastId = 0;
  #isStrict = false;
  #slowUntil = Number.NEGATIVE_INFINITY;

  constructor(deps: SimProviderDeps) {
    this.#deps = deps;
    this.submits.push(...deps.past.map(({ submit }) => submit));
    this.receipts.push(...deps.past.map(({ receipt }) => receipt));
    this.#mood = drawMood(deps.random);
  }

  get isQuiet(): boolean {
    return this.#pending === 0;
  }

  /** From now on it answers everything, at once and well: the faults are over. */
  behave(): void {
    this.#isStrict = true;
  }

  /** For so long its answers take about a second, and what waits for it waits. */
  dawdle(ms: number): void {
    this.#slowUntil = this.#deps.time.now + ms;
  }

  bind(link: ProviderLink): void {
    this.#links.add(link);
  }
  unbind(link: ProviderLink): void {
    this.#links.delete(link);
  }

  /** A segment has come. `answer` may never be called. */
  submit(record: SubmitRecord, answer: (result: SubmitResult) => void): void {
    const { random, time, reached, past } = this.#deps;
    const plan = this.#planAnswer();
    record.result = plan.result;
    if (plan.answerMs !== undefined) record.answerMs = plan.answerMs;
    if (plan.refusal?.class === "throttle") reach(reached, "a provider throttled");
    if (plan.result !== "accepted") {
      const { answerMs, refusal } = plan;
      if (answerMs !== undefined && refusal !== undefined) time.after(answerMs, () => answer(refusal));
      return;
    }
    const providerMessageId = `p${++this.#lastId}`;
    record.providerMessageId = providerMessageId;
    if (this.#lastId <= past.length) reach(reached, "a provider used an id again");
    if (plan.answerMs !== undefined) time.after(plan.answerMs, () => answer({ type: "accepted", providerMessageId }));
    const [first] = plan.receiptsMs;
    if (first !== undefined && first < (plan.answerMs ?? 0)) reach(reached, "a receipt came before its answer");
    if (plan.receiptsMs.length > 1) reach(reached, "a receipt was doubled");
    for (const ms of plan.receiptsMs) this.#receiptAfter(ms, record, providerMessageId, plan.state);
    if (plan.state === "delivered" && chance(random, REPLY_SHARE)) this.#replyTo(record);
  }

  #planAnswer(): SubmitPlan {
    const { random, time } = this.#deps;
    if (this.#isStrict) return { result: "accepted", answerMs: 10, receiptsMs: [200], state: "delivered" };
    const plan = planAnswer(random, this.#mood);
    if (time.now >= this.#slowUntil || plan.answerMs === undefined) return plan;
    return { ...plan, answerMs: plan.answerMs + between(random, SLOW_MS.min, SLOW_MS.max) };
  }

  /** A handset says something to one of our numbers: in parts, if there are several texts. */
  say(from: string, to: string, texts: readonly string[]): void {
    const reference = between(this.#deps.random, 0, 255);
    texts.forEach((text, i) => {
      const isPart = texts.length > 1;
      const record: ReplyRecord = { at: this.#deps.time.now, from, to, text, tries: 0, ...(isPart && { reference }) };
      this.replies.push(record);
      const concat = { reference, total: texts.length, index: i + 1, refBits: 8 } as const;
      const receivedAt = Math.floor(EPOCH_MS + this.#deps.time.now);
      const reply: InboundReply = {
        provider: "sim",
        from,
        to,
        text,
        encoding: "gsm7",
        receivedAt,
        ...(isPart && { concat }),
      };
      if (isPart) reach(this.#deps.reached, "a reply had several parts");
      this.#pending += 1;
      this.#deliver(record, (link) => link.reply(reply));
    });
  }

  #receiptAfter(ms: number, submit: SubmitRecord, providerMessageId: string, state: InboundReceipt["state"]): void {
    this.#pending += 1;
    this.#deps.time.after(ms, () => {
      const { message, segment } = submit;
      const at = this.#deps.time.now;
      const record: ReceiptRecord = { at, providerMessageId, message, segment, state, tries: 0 };
      this.receipts.push(record);
      const receipt: InboundReceipt = {
        provider: "sim",
        providerMessageId,
        rawProviderMessageId: providerMessageId,
        state,
        error: state === "delivered" ? "" : "042",
        from: submit.to,
        to: submit.from,
      };
      this.#deliver(record, (link) => link.receipt(receipt));
    });
  }

  #replyTo(submit: SubmitRecord): void {
    const { random, time } = this.#deps;
    const token = submit.message.slice(-6);
    const texts = chance(random, 0.3) ? [`part one ${token} `, `and two ${token}`] : [`thanks ${token}`];
    this.#pending += 1;
    time.after(between(random, 50, 3_000), () => {
      this.#pending -= 1;
      this.say(submit.to, submit.from, texts);
    });
  }

  #deliver(record: ReceiptRecord | ReplyRecord, send: (link: ProviderLink) => Promise<boolean>): void {
    const { time, random, reached } = this.#deps;
    let isOver = false;
    const end = (isAcknowledged: boolean): void => {
      if (isOver) return;
      isOver = true;
      late.cancel();
      if (isAcknowledged) {
        record.acknowledgedAt ??= time.now;
        this.#deps.onAcknowledged(record);
        this.#pending -= 1;
      } else {
        reach(reached, "a receipt was refused and came again");
        time.after(between(random, AGAIN_MS.min, AGAIN_MS.max), () => this.#deliver(record, send));
      }
    };
    const late = time.after(ACKNOWLEDGE_MS, () => end(false));
    if (this.#links.size === 0) {
      time.after(1, () => end(false));
      return;
    }
    record.tries += 1;
    void send(oneOf(random, [...this.#links])).then(end);
  }
}
