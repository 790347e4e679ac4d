/** What a simulated provider does with one segment, drawn from what this run's provider is like. */
import type { Random } from "#domain/random.ts";
import type { InboundReceipt, SubmitResult } from "../../../connectors/connector.ts";
import { between, chance, oneOf } from "../../seeded-random.ts";

export interface SubmitPlan {
  /** `dropped`: the provider never took it, and says nothing. */
  readonly result: "accepted" | "refused" | "dropped";
  /** Absent: it never answers. */
  readonly answerMs?: number;
  readonly refusal?: Extract<SubmitResult, { readonly type: "refused" }>;
  /** After it was taken: may be before the answer. Two for a receipt that comes twice. */
  readonly receiptsMs: readonly number[];
  readonly state: InboundReceipt["state"];
}

/** Shares of one. */
export interface ProviderMood {
  readonly late: number;
  readonly silent: number;
  readonly throttled: number;
  readonly refused: number;
  /** A refusal that is tried again half a minute later: rare, as it makes a run long. */
  readonly transient: number;
  readonly noReceipt: number;
  readonly earlyReceipt: number;
  readonly doubled: number;
}

/** Longer than RESPONSE_MS of the connector now and then. */
const LATE_MS = { min: 500, max: 6_000 };

export function drawMood(random: Random): ProviderMood {
  const some = (share: number): number => (chance(random, 0.5) ? share * random.fraction() : 0);
  return {
    late: some(0.15),
    silent: some(0.12),
    throttled: some(0.15),
    refused: some(0.1),
    transient: chance(random, 0.06) ? 0.05 : 0,
    noReceipt: some(0.2),
    earlyReceipt: some(0.4),
    doubled: some(0.3),
  };
}

export function planAnswer(random: Random, mood: ProviderMood): SubmitPlan {
  const answerMs = chance(random, mood.late) ? between(random, LATE_MS.min, LATE_MS.max) : between(random, 5, 90);
  const state: InboundReceipt["state"] = chance(random, 0.85)
    ? "delivered"
    : oneOf(random, ["undelivered", "expired", "unknown", "rejected"] as const);
  const nothing = { receiptsMs: [], state };
  if (chance(random, mood.throttled)) return { ...nothing, ...refuse("throttle", 0x58, true), answerMs };
  if (chance(random, mood.transient)) return { ...nothing, ...refuse("transient", 0x64, true), answerMs };
  if (chance(random, mood.refused)) {
    const refusal = oneOf(random, ["recipient", "session", "permanent"] as const);
    return { ...nothing, ...refuse(refusal, 0x45, refusal === "session"), answerMs };
  }
  const isSilent = chance(random, mood.silent);
  if (isSilent && chance(random, 0.4)) return { ...nothing, result: "dropped" };
  const receiptsMs = planReceipts(random, mood, answerMs);
  return { result: "accepted", receiptsMs, state, ...(isSilent ? {} : { answerMs }) };
}

function refuse(
  refusal: "throttle" | "transient" | "recipient" | "session" | "permanent",
  status: number,
  again: boolean,
) {
  return { result: "refused", refusal: { type: "refused", status, class: refusal, retryable: again } } as const;
}

function planReceipts(random: Random, mood: ProviderMood, answerMs: number): readonly number[] {
  if (chance(random, mood.noReceipt)) return [];
  const first = chance(random, mood.earlyReceipt) ? answerMs * random.fraction() : answerMs + between(random, 1, 2_500);
  return chance(random, mood.doubled) ? [first, first + between(random, 0, 1_500)] : [first];
}
