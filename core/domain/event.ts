/**
 * The immutable events of a message's life: the audit trail, the status and the reports are all made of them. An event
 * is identified by (writer, sequence, index), its place in the log, and is never updated. New fields are optional;
 * a changed meaning is a new type.
 */
import { z } from "zod";
import { e164Schema, senderSchema, senderTypes } from "./e164.ts";
import { accountIdSchema, chunkIdSchema, messageIdSchema, providerIdSchema } from "./ids.ts";
import { messageClassSchema } from "./lane.ts";
import { currencySchema, microsTextSchema } from "./money.ts";

/** Every event: the message it belongs to and when it happened, in milliseconds since the epoch. */
const base = { message: messageIdSchema, at: z.int() };
const segment = z.int().nonnegative();
/** A result at the provider belongs to one segment of one attempt (route) of the message. */
const atProvider = { ...base, segment, attempt: z.int().positive(), provider: providerIdSchema };

/** Which of several parts a text is; 1-based. */
export const concatPlaceSchema = z.object({
  reference: z.int().nonnegative(),
  total: z.int().positive(),
  index: z.int().positive(),
});
export type ConcatPlace = z.output<typeof concatPlaceSchema>;

/** Of which ends its sender wants to be told: of all, of those but `delivered`, of `delivered` only. */
export const receiptWishes = ["final", "failure", "success"] as const;
export type ReceiptWish = (typeof receiptWishes)[number];

const accepted = z.object({
  ...base,
  type: z.literal("accepted"),
  account: accountIdSchema,
  to: e164Schema,
  from: senderSchema,
  text: z.string(),
  class: messageClassSchema,
  encoding: z.enum(["gsm7", "ucs2"]),
  segments: z.int().positive(),
  clientReference: z.string().optional(),
  metadata: z.record(z.string(), z.string()).optional(),
  expireAt: z.int().optional(),
  notBefore: z.int().optional(),
  /** Absent: its sender asked for no receipt. */
  receipt: z.enum(receiptWishes).optional(),
  /** The id that its sender was given for it and for others together; absent: its own. */
  receiptId: messageIdSchema.optional(),
  concat: concatPlaceSchema.optional(),
});

const routed = z.object({
  ...base,
  type: z.literal("routed"),
  attempt: z.int().positive(),
  provider: providerIdSchema,
  /** The prefix that won, and every other one that matched, longest first: why this route. */
  prefix: z.string(),
  candidates: z.array(z.object({ prefix: z.string(), provider: providerIdSchema })),
});

/** When a price is given back; see core/directory/price-list.ts. */
export const refundRules = ["refused", "undelivered"] as const;

/** What one account pays for a message, and by which rate. */
const bill = {
  account: accountIdSchema,
  /** The rate that held. */
  prefix: z.string(),
  /** Why it did: its price list, and what it was for beside the prefix. */
  rate: z
    .object({
      list: z.string(),
      class: messageClassSchema.optional(),
      sender: z.enum(senderTypes).optional(),
      from: z.int().optional(),
      refund: z.enum(refundRules).optional(),
    })
    .optional(),
  /** Of one segment. */
  priceMicros: microsTextSchema,
  totalMicros: microsTextSchema,
  currency: currencySchema,
  /** It was taken from the account's credit. Absent: its credit is unlimited. */
  charged: z.literal(true).optional(),
};
const levelBillSchema = z.object(bill);
export type LevelBill = z.output<typeof levelBillSchema>;

/** Paid by its account, and each at its own price by those above it: the next one first. */
const billed = z.object({
  ...base,
  type: z.literal("billed"),
  ...bill,
  segments: z.int().positive(),
  above: z.array(levelBillSchema).optional(),
});

/** One segment's price was given back, by the rules of those that paid for it. It stays so whatever comes later. */
const refunded = z.object({
  ...base,
  type: z.literal("refunded"),
  segment,
  levels: z.array(
    z.object({
      account: accountIdSchema,
      micros: microsTextSchema,
      currency: currencySchema,
      /** It was given back to the account's credit. */
      charged: z.literal(true).optional(),
    }),
  ),
});

export const rejectReasons = [
  "opted_out",
  "no_route",
  "no_price",
  "insufficient_credit",
  "credit_unreachable",
  "poison",
  "cancelled",
] as const;
export type RejectReason = (typeof rejectReasons)[number];
/** Refused by us, before any provider saw it. Final, but for `poison`: that stands until it is requeued. */
const rejected = z.object({
  ...base,
  type: z.literal("rejected"),
  reason: z.enum(rejectReasons),
  detail: z.string(),
  /** With `poison`: the chunk of lane `dead` that keeps what we could not process. */
  burial: chunkIdSchema.optional(),
});

/** An operator put what lay in this chunk of lane `dead` back on its lane: the rejection of that burial is void. */
const requeued = z.object({ ...base, type: z.literal("requeued"), burial: chunkIdSchema });

/** An operator threw away what lay in this chunk of lane `dead`. It changes nothing of the message's state. */
const discarded = z.object({ ...base, type: z.literal("discarded"), burial: chunkIdSchema });

/** The provider answered submit_sm with status 0 and its id. */
const submitted = z.object({
  ...atProvider,
  type: z.literal("submitted"),
  providerMessageId: z.string(),
  /** The account that waits for the receipt, so that whoever matches it need not ask for the message. */
  notify: accountIdSchema.optional(),
});

/** The provider answered submit_sm with an error for good. Final for the segment. */
const refused = z.object({ ...atProvider, type: z.literal("refused"), status: z.int().nonnegative() });

/** Below the send mark, but no answer is known: the provider may have it (invariant I7). */
const inDoubt = z.object({
  ...atProvider,
  type: z.literal("in_doubt"),
  reason: z.enum(["link_lost", "response_timeout", "answer_unclear", "takeover", "restored"]),
  /** What was then done about it. */
  policy: z.enum(["resend", "keep"]),
});

/** Receipts: final states of one segment. `providerMessageId` says which submit they answer. */
const receipt = {
  ...base,
  segment,
  provider: providerIdSchema,
  providerMessageId: z.string(),
  error: z.string(),
};
const delivered = z.object({ ...receipt, type: z.literal("delivered") });
const undelivered = z.object({ ...receipt, type: z.literal("undelivered") });
const expired = z.object({ ...receipt, type: z.literal("expired") });
const unknown = z.object({ ...receipt, type: z.literal("unknown") });

/** `expireAt` passed before these segments were submitted. Final for them. */
const lapsed = z.object({ ...base, type: z.literal("lapsed"), segments: z.array(segment) });

/** One part of a reply to this message. A reply is whole when all its parts are there. */
const replied = z.object({
  ...base,
  type: z.literal("replied"),
  reply: z.string(),
  provider: providerIdSchema,
  from: z.string(),
  to: z.string(),
  text: z.string(),
  part: z.int().positive(),
  parts: z.int().positive(),
  /** The reply was one of the opt-out or opt-in words, and was obeyed. */
  keyword: z.enum(["stop", "start"]).optional(),
});

export const messageEventSchema = z.discriminatedUnion("type", [
  accepted,
  routed,
  billed,
  refunded,
  rejected,
  requeued,
  discarded,
  submitted,
  refused,
  inDoubt,
  delivered,
  undelivered,
  expired,
  unknown,
  lapsed,
  replied,
]);
export type MessageEvent = z.output<typeof messageEventSchema>;
export type EventType = MessageEvent["type"];
export type EventOf<T extends EventType> = Extract<MessageEvent, { type: T }>;
