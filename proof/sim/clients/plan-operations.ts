/** What the customers of a run do, from its seed: few messages of every kind, each with a word of its own. */

import type { E164, Sender } from "#domain/e164.ts";
import { segmentText } from "#domain/encoding/segment-text.ts";
import type { AccountId } from "#domain/ids.ts";
import { messageClasses } from "#domain/lane.ts";
import type { Random } from "#domain/random.ts";
import type { Submission } from "../../../edge/plan-step.ts";
import { between, chance, oneOf } from "../../seeded-random.ts";
import { accounts, type SimAccount } from "../sim-directory.ts";
import { EPOCH_MS } from "../sim-process.ts";

export interface PlannedOperation {
  readonly at: number;
  readonly name: string;
  readonly submission: Submission;
  readonly key: string | undefined;
  /** How long it waits for an answer before it tries again, elsewhere. */
  readonly patienceMs: number;
  /** It sends the request again after it was answered. */
  readonly repeats: boolean;
}

/** A handset says STOP, or START, to an account's number. */
export interface PlannedKeyword {
  readonly at: number;
  readonly word: "STOP" | "START";
  readonly account: SimAccount;
  readonly handset: E164;
}

export interface ClientPlan {
  readonly operations: readonly PlannedOperation[];
  readonly keywords: readonly PlannedKeyword[];
  /** The provider answers slowly then, so that something still waits for it when a STOP takes effect. */
  readonly slow?: { readonly at: number; readonly ms: number };
}

const CLIENTS_MS = 9_000;
const LONG = "The quick brown fox jumps over the lazy dog and then goes home to sleep for a while. ";
const MISUSE_SHARE = 0.15;
/** Their numbers, beyond all others. */
const MISUSED_FROM = 1_000;
const STOP_SHARE = 0.7;
const HANDSET = "+61499000001" as E164;

export function planOperations(random: Random): ClientPlan {
  const count = between(random, 14, 30);
  const first = Array.from({ length: count }, (_, i) => planOperation(random, i));
  const operations = [...first, ...first.flatMap((one, i) => planMisuse(random, one, MISUSED_FROM + i))];
  if (!chance(random, STOP_SHARE)) return { operations, keywords: [] };
  const account = oneOf(random, accounts);
  const keywords = planKeywords(random, account);
  const stopAt = keywords[0]?.at ?? 0;
  const toHandset = timesAround(random, stopAt).map((at, i): PlannedOperation => {
    const planned = planOperation(random, count + i, { at, longShare: 0.7 });
    const { submission } = planned;
    // Alerts have a window of their own: the others wait for one another.
    const messageClass = submission.class === "alert" ? "bulk" : submission.class;
    const { id, number } = account;
    return { ...planned, submission: { ...submission, account: id, from: number, to: [HANDSET], class: messageClass } };
  });
  return { operations: [...operations, ...toHandset], keywords, slow: { at: stopAt - 600, ms: 2_500 } };
}

/** Another content under the key of `one`: by its own account, which is a mistake; or by another, which is none. */
function planMisuse(random: Random, { key, at, submission }: PlannedOperation, index: number) {
  if (key === undefined || !chance(random, MISUSE_SHARE)) return [];
  const isClose = chance(random, 0.5);
  const planned = planOperation(random, index, { at: Math.max(0, at + between(random, -20, isClose ? 40 : 3_000)) });
  const { account, from } = chance(random, 0.75) ? submission : planned.submission;
  return [{ ...planned, key, submission: { ...planned.submission, account, from } }];
}

/** The last one counts. */
function planKeywords(random: Random, account: SimAccount): readonly PlannedKeyword[] {
  const words = chance(random, 0.6) ? (["STOP"] as const) : (["STOP", "START", "STOP"] as const);
  const said = words.length > 1 && chance(random, 0.6) ? words.slice(0, 2) : words;
  let at = between(random, 1_500, 5_000);
  return said.map((word) => {
    const keyword = { at, word, account, handset: HANDSET };
    at += between(random, 1_500, 4_500);
    return keyword;
  });
}

/**
 * The first comes before its STOP, so that the account is known by the conversation. Many are on their way as it is
 * said: more segments than all send marks together let go, so that a connector has to ask for those that are left.
 */
function timesAround(random: Random, stopAt: number): readonly number[] {
  const some = (min: number, max: number, from: number, to: number): readonly number[] =>
    Array.from({ length: between(random, min, max) }, () => between(random, from, to));
  return [200, ...some(8, 12, stopAt - 500, stopAt + 100), ...some(2, 5, stopAt + 1_000, stopAt + 5_000)];
}

interface Bias {
  readonly at?: number;
  readonly longShare?: number;
}

function planOperation(random: Random, index: number, { at: given, longShare = 0.12 }: Bias = {}): PlannedOperation {
  const account = oneOf(random, accounts);
  const recipients = chance(random, 0.15) ? between(random, 2, 6) : 1;
  const to = Array.from({ length: recipients }, (_, i) => `+6141${`${index * 10 + i}`.padStart(7, "0")}` as E164);
  const word = `w${index}x`;
  const text = chance(random, longShare) ? `${word} ${LONG.repeat(between(random, 2, 4))}` : `${word} hello`;
  const { encoding, parts } = segmentText(text);
  const drawn = chance(random, 0.3) ? Math.floor(CLIENTS_MS / 3) : between(random, 50, CLIENTS_MS);
  const at = given ?? drawn;
  const isKeyed = chance(random, 0.6);
  const submission: Submission = {
    account: account.id as AccountId,
    class: oneOf(random, messageClasses),
    from: account.number as Sender,
    to,
    text,
    encoding,
    segments: parts.length,
    ...(chance(random, 0.12) && { expireAt: EPOCH_MS + at + between(random, 500, 12_000) }),
  };
  return {
    at,
    name: word,
    submission,
    key: isKeyed ? `key-${index}` : undefined,
    patienceMs: chance(random, 0.3) ? between(random, 300, 3_000) : 30_000,
    repeats: isKeyed && chance(random, 0.25),
  };
}
