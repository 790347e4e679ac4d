/**
 * What waits in a chunk: one item per message, receipt, reply or cross-set effect. Items are stored as JSON text and
 * parsed again at claim, so an item that an older process wrote wrongly fails loudly and goes to lane `dead`.
 */
import { z } from "zod";
import { e164Schema, senderSchema } from "./e164.ts";
import { concatPlaceSchema, type MessageEvent, messageEventSchema } from "./event.ts";
import { accountIdSchema, messageIdSchema, providerIdSchema, setIdSchema } from "./ids.ts";
import { messageClassSchema } from "./lane.ts";
import { microsTextSchema } from "./money.ts";
import { noticeSchema } from "./notice.ts";

/** Lane `inbox.<class>`: an accepted message that waits for its route and price. */
export const inboxItemSchema = z.object({
  id: messageIdSchema,
  account: accountIdSchema,
  to: e164Schema,
  from: senderSchema,
  text: z.string(),
  class: messageClassSchema,
  encoding: z.enum(["gsm7", "ucs2"]),
  segments: z.int().positive(),
  /** Milliseconds since the epoch; absent: the message waits for as long as it takes. */
  expireAt: z.int().optional(),
  /** It waits until then; milliseconds since the epoch. */
  notBefore: z.int().optional(),
  /** Its account waits for a receipt: whatever ends it says so on lane `deliver.<account>`. */
  notify: z.literal(true).optional(),
  /** Since when it has waited for credit to come from another set; milliseconds since the epoch. */
  creditSince: z.int().optional(),
  /** It is one part of what its sender has cut up itself: it goes out as that part, and is a message of its own. */
  concat: concatPlaceSchema.optional(),
});
export type InboxItem = z.output<typeof inboxItemSchema>;

/** Lane `submit.<provider>.<class>`: a routed message that waits for its provider. */
export const submitItemSchema = inboxItemSchema.extend({
  provider: providerIdSchema,
  /** 1 for the first route of a message. */
  attempt: z.int().positive(),
  /** How often the provider asked to try again later. */
  tries: z.int().nonnegative(),
  /** How often segments of it were in doubt on chunks before this one; absent: never. */
  doubts: z.int().nonnegative().optional(),
  /** Segments that already have a result, when a message comes back for the rest of them. */
  doneSegments: z.array(z.int().nonnegative()).optional(),
});
export type SubmitItem = z.output<typeof submitItemSchema>;

export const receiptStates = ["delivered", "undelivered", "expired", "unknown"] as const;
/** Final states only, weakest last: see the fold. A provider's DELETED and REJECTD are `undelivered` here. */
export type ReceiptState = (typeof receiptStates)[number];

/** Lane `receipts`. `message` and `segment` are there when the connector remembers its own submit. */
export const receiptItemSchema = z.object({
  id: z.string(),
  provider: providerIdSchema,
  /** Normalised; receipts are matched by (provider, normalised id). */
  providerMessageId: z.string(),
  /** As it stood in the PDU. */
  rawProviderMessageId: z.string(),
  state: z.enum(receiptStates),
  /** The provider's error text, raw; "" if none. */
  error: z.string(),
  doneAt: z.int().optional(),
  receivedAt: z.int(),
  message: messageIdSchema.optional(),
  segment: z.int().nonnegative().optional(),
  /** The account that waits for it, where its submit named one. */
  notify: accountIdSchema.optional(),
});
export type ReceiptItem = z.output<typeof receiptItemSchema>;

/** Lane `replies`: one part of a mobile-originated message. */
export const replyItemSchema = z.object({
  id: z.string(),
  provider: providerIdSchema,
  from: z.string(),
  to: z.string(),
  text: z.string(),
  receivedAt: z.int(),
  concat: z.object({ reference: z.int(), total: z.int().positive(), index: z.int().positive() }).optional(),
});
export type ReplyItem = z.output<typeof replyItemSchema>;

export const optOutChangeSchema = z.object({
  account: accountIdSchema,
  number: e164Schema,
  out: z.boolean(),
  /** The later change wins, whatever the order of arrival. */
  at: z.int(),
});
export type OptOutChange = z.output<typeof optOutChangeSchema>;

/** Lane `refunds`: a message of which something may have to be given back. */
export const refundItemSchema = z.object({ message: messageIdSchema });
export type RefundItem = z.output<typeof refundItemSchema>;

const creditItemSchema = z.object({ account: accountIdSchema, micros: microsTextSchema, fromSet: setIdSchema });

/** Lane `relay.<set>`: an effect on another set. Applying it twice is the same as once. */
export const relayItemSchema = z.object({
  id: z.string(),
  events: z.array(messageEventSchema as z.ZodType<MessageEvent>),
  optOuts: z.array(optOutChangeSchema),
  /** Accounts to be told of these events, in the same step with them. */
  notices: z.array(noticeSchema).optional(),
  /** Money of these accounts that left this chunk's set under the item's id; see core/ledger/move-credit.ts. */
  credit: z.array(creditItemSchema).optional(),
});
export type RelayItem = z.output<typeof relayItemSchema>;
