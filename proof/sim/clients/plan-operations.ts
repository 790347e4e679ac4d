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
}

const CLIENTS_MS = 9_000;
const LONG = "The quick brown fox jumps over the lazy dog and then goes home to sleep for a while. ";

export function planOperations(random: Random): ClientPlan {
  const count = between(random, 14, 30);
  const stopping = chance(random, 0.5) ? oneOf(random, accounts) : undefined;
  const operations = Array.from({ length: count }, (_, i) => planOperation(random, i));
  if (stopping === undefined) return { operations, keywords: [] };
  const handset = "+61499000001" as E164;
  const stopAt = between(random, 1_500, 5_000);
  const stop = { at: stopAt, word: "STOP", account: stopping, handset } as const;
  const start = { at: stopAt + between(random, 2_000, 6_000), word: "START", account: stopping, handset } as const;
  const toHandset = Array.from({ length: between(random, 3, 7) }, (_, i): PlannedOperation => {
    const planned = planOperation(random, count + i);
    const { submission } = planned;
    return { ...planned, submission: { ...submission, account: stopping.id, from: stopping.number, to: [handset] } };
  });
  // The first one comes before its STOP, so that the account is known by the conversation.
  const [first, ...rest] = toHandset;
  const all = [...operations, ...(first === undefined ? [] : [{ ...first, at: 200 }]), ...rest];
  return { operations: all, keywords: chance(random, 0.4) ? [stop, start] : [stop] };
}

function planOperation(random: Random, index: number): PlannedOperation {
  const account = oneOf(random, accounts);
  const recipients = chance(random, 0.15) ? between(random, 2, 6) : 1;
  const to = Array.from({ length: recipients }, (_, i) => `+6141${`${index * 10 + i}`.padStart(7, "0")}` as E164);
  const word = `w${index}x`;
  const text = chance(random, 0.12) ? `${word} ${LONG.repeat(between(random, 2, 4))}` : `${word} hello`;
  const { encoding, parts } = segmentText(text);
  const at = chance(random, 0.3) ? Math.floor(CLIENTS_MS / 3) : between(random, 50, CLIENTS_MS);
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
