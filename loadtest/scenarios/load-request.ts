/**
 * The request of an iteration, made from the plan, its stream and its number alone: k6 sends it, and whoever reads
 * k6's short record makes it again. Classes, texts (one segment, several, GSM-7 and UCS-2), accounts and senders are
 * mixed by the seed; no number is a recipient twice, so a message is known by it at the provider. Pure; runs in k6 and
 * in Bun.
 */
import type { MessageClass } from "#domain/lane.ts";
import { type LoadPlan, type LoadStream, STATUS_READ_SHARE } from "../soak/load-plan.ts";

export interface LoadRequest {
  /** Index of the account in the plan. */
  readonly account: number;
  readonly class: MessageClass;
  readonly from: string;
  readonly to: readonly string[];
  readonly text: string;
}

/** A text with these words asks for an answer; the sender is then a number that takes it. */
const REPLY_WORDS = "reply YES";
/** What makes the simulator answer: handsets of texts that ask for it. The rest it takes without misbehaving. */
export const LOAD_BEHAVIOUR = {
  magicSuffixes: false,
  autoReply: [{ textContains: REPLY_WORDS, text: "YES" }],
} as const;

/** Of the probe's sends. */
const REPLY_SHARE = 0.1;
/** Of status reads: another account's message, which must not be found. */
const STRANGER_SHARE = 0.1;
const NAME = "Godwit";
const PREFIX = "+614";
const DIGITS = 8;
const BULK_CLASSES: readonly MessageClass[] = ["bulk", "bulk", "bulk", "bulk", "transactional"];
const PROBE_CLASSES: readonly MessageClass[] = ["alert", "transactional", "bulk"];

/** With a number of their own, so that no two requests have the same text; two of six are of several segments. */
const TEXTS: readonly ((canary: string, n: string) => string)[] = [
  (canary, n) => `${canary} code ${n}`,
  (canary, n) => `${canary} order ${n}: ${times("parcel on its way, ", 11)}[${n}] {~}`,
  (canary, n) => `${canary} привет ${n}`,
  (canary, n) => `${canary} price €${n} for "tea"`,
  (canary, n) => `${canary} ${n} 🐦 ${times("Küstenschnepfe 🛫 ", 9)}`,
  (canary, n) => `${canary} your appointment ${n} is confirmed for tomorrow at nine, see you then`,
];

/** Not `repeat`: that of k6 1.1 loses the first character of a text that is not ASCII. */
function times(text: string, count: number): string {
  return Array.from({ length: count }, () => text).join("");
}

/** Purposes of chance, each with draws of its own. */
const purposes = ["account", "class", "text", "read", "stranger", "id", "reply", "number"] as const;
type Purpose = (typeof purposes)[number];

/** The send of iteration `n`, from 0, of `stream`. */
export function requestOf(plan: LoadPlan, stream: LoadStream, n: number): LoadRequest {
  const draw = (purpose: Purpose): number => drawOf(plan, stream, n, purpose);
  const accountIndex = Math.floor(draw("account") * plan.accounts.length);
  const account = plan.accounts[accountIndex];
  if (account === undefined) throw new Error("Cannot make a request without accounts");
  const isBulk = stream.kind === "bulk";
  const asksForReply = !isBulk && draw("reply") < REPLY_SHARE;
  const first = stream.firstRecipient + n * stream.recipients;
  const mark = first.toString(36);
  const text = pick(TEXTS, draw("text"))(account.canary, mark);
  return {
    account: accountIndex,
    class: pick(isBulk ? BULK_CLASSES : PROBE_CLASSES, draw("class")),
    from: asksForReply ? pick(account.numbers, draw("number")) : NAME,
    to: Array.from({ length: stream.recipients }, (_, i) => `${PREFIX}${`${first + i}`.padStart(DIGITS, "0")}`),
    text: asksForReply ? `${account.canary} table ${mark}: ${REPLY_WORDS} to keep it` : text,
  };
}

/** What a status read is of: a share of 1 each. Undefined: this iteration is a send. */
export interface StatusRead {
  /** Which of the ids that are remembered. */
  readonly id: number;
  /** Whether it asks as another account than the message's. */
  readonly asStranger: boolean;
}

export function statusReadOf(plan: LoadPlan, stream: LoadStream, n: number): StatusRead | undefined {
  if (stream.kind !== "probe" || drawOf(plan, stream, n, "read") >= STATUS_READ_SHARE) return undefined;
  const isStranger = drawOf(plan, stream, n, "stranger") < STRANGER_SHARE;
  return { id: drawOf(plan, stream, n, "id"), asStranger: isStranger && plan.accounts.length > 1 };
}

/** In [0, 1), the same for the same arguments (the finish of splitmix32 over each of them in turn). */
function drawOf({ seed }: LoadPlan, stream: LoadStream, n: number, purpose: Purpose): number {
  let state = 0;
  for (const part of [seed, stream.index, n, purposes.indexOf(purpose)]) {
    state = (state ^ part) + 0x9e3779b9;
    state = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    state = Math.imul(state ^ (state >>> 15), 0x735a2d97);
    state = (state ^ (state >>> 15)) >>> 0;
  }
  return state / 2 ** 32;
}

function pick<T>(choices: readonly T[], draw: number): T {
  const chosen = choices[Math.floor(draw * choices.length)];
  if (chosen === undefined) throw new RangeError("Cannot pick one as there is none");
  return chosen;
}
