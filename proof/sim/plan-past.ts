/**
 * What was before the run: messages of the last two days, each with the provider's id and its receipt. Some providers'
 * ids have come round since: the first that a run gives out are those of the past again. None of them is still waited
 * for, as no provider uses an id whose receipt it still owes.
 */
import type { E164 } from "#domain/e164.ts";
import type { MessageEvent } from "#domain/event.ts";
import { createIdMint, type MessageId, type SetId } from "#domain/ids.ts";
import type { Random } from "#domain/random.ts";
import { between, chance, oneOf } from "../seeded-random.ts";
import type { ReceiptRecord, SendOperation, SubmitRecord } from "./history.ts";
import { accounts, provider, setRegions } from "./sim-directory.ts";
import { EPOCH_MS, SimProcess } from "./sim-process.ts";
import type { SimTime } from "./sim-time.ts";

export interface PastMessage {
  readonly set: SetId;
  readonly events: readonly MessageEvent[];
  readonly operation: SendOperation;
  readonly submit: SubmitRecord;
  readonly receipt: ReceiptRecord;
}

const PAST_SHARE = 0.3;
const HOUR_MS = 3_600_000;

/** The n-th has the provider's n-th id. None in most runs. */
export function planPast(time: SimTime, random: Random): readonly PastMessage[] {
  if (!chance(random, PAST_SHARE)) return [];
  return Array.from({ length: between(random, 20, 80) }, (_, i) => {
    const at = -between(random, 2 * HOUR_MS, 47 * HOUR_MS);
    const { clock } = new SimProcess({ name: "past", time, random, offsetMs: at });
    const set = oneOf(random, [...setRegions.keys()]);
    return pastMessage(random, { at, set, index: i, id: createIdMint({ clock, random }).messageId(set) });
  });
}

function pastMessage(
  random: Random,
  { at, set, index, id: message }: { at: number; set: SetId; index: number; id: MessageId },
): PastMessage {
  const { id: account, number: from, priceMicros } = oneOf(random, accounts);
  const [name, to] = [`old${index}x`, `+6142${`${index}`.padStart(7, "0")}` as E164];
  const text = `${name} hello`;
  const content = { account, from, text, class: "bulk", encoding: "gsm7", segments: 1 } as const;
  const state = chance(random, 0.8) ? "delivered" : "undelivered";
  const began = EPOCH_MS + at;
  const atProvider = { message, segment: 0, provider, providerMessageId: `p${index + 1}` };
  const price = { prefix: "+", segments: 1, priceMicros, totalMicros: priceMicros, currency: "EUR" };
  return {
    set,
    events: [
      { ...content, type: "accepted", message, at: began, to },
      { type: "routed", message, at: began + 20, attempt: 1, provider, prefix: "+", candidates: [] },
      { ...price, type: "billed", message, at: began + 20, account },
      { ...atProvider, type: "submitted", at: began + 200, attempt: 1 },
      { ...atProvider, type: state, at: began + 2_000, error: "" },
    ],
    operation: {
      name,
      submission: { ...content, to: [to] },
      key: undefined,
      attempts: [{ edge: "edge-1", at, endAt: at + 10, end: { type: "accepted", ids: [message], at: began } }],
    },
    submit: {
      at: at + 180,
      clockAt: began + 180,
      connector: "connector-1.0",
      message,
      segment: 0,
      to,
      from,
      part: text,
      mark: "below",
      lease: "held",
      resends: 0,
      isOptedOut: false,
      result: "accepted",
      providerMessageId: atProvider.providerMessageId,
      answerMs: 20,
    },
    receipt: { ...atProvider, at: at + 1_990, state, tries: 1, acknowledgedAt: at + 2_000 },
  };
}
