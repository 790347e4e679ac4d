/**
 * How the simulated SMSC misbehaves. Everything is off by default but the magic suffixes: a destination that ends in
 * 0001 gets an undelivered receipt, 0002 an expired one, 0003 is refused with 0x0B, 0058 is throttled once and then
 * accepted.
 */
import { z } from "zod";

const share = z.number().min(0).max(1);
const delayMs = z.int().min(0).max(3_600_000);
const every = z.int().min(0);

export const behaviourSchema = z.strictObject({
  respDelayMs: delayMs.default(0),
  receiptDelayMs: delayMs.default(0),
  receipts: z.enum(["delivered", "undelivered", "none"]).default("delivered"),
  receiptForm: z.enum(["text", "tlv", "both"]).default("both"),
  /** Leaves the NUL off receipted_message_id, as many SMSCs do. */
  tlvWithoutNul: z.boolean().default(false),
  /** `hex_then_decimal`: the answer's id in hex, the receipt's zero-padded in decimal. */
  ids: z.enum(["same", "hex_then_decimal"]).default("same"),
  magicSuffixes: z.boolean().default(true),
  /** The first rule that fits and whose share falls refuses. */
  refuse: z
    .array(z.strictObject({ toSuffix: z.string().default(""), status: z.int().positive(), share: share.default(1) }))
    .default([]),
  /** Takes the message, sends its receipt, and never answers. */
  noAnswerShare: share.default(0),
  /** The receipt leaves before the submit_sm_resp. */
  receiptFirst: z.boolean().default(false),
  doubleReceipts: z.boolean().default(false),
  /** Submits a second, over all links, before 0x58; 0 = no limit. */
  throttlePerSecond: z.int().min(0).default(0),
  /** Cuts the link at every n-th submit, before its answer; 0 = never. */
  dropLinkEvery: every.default(0),
  /** Writes this to the link at every n-th submit; 0 = never. */
  garbageEvery: every.default(0),
  garbage: z.enum(["noise", "unknown_command", "broken_tlv", "huge_length"]).default("unknown_command"),
  /** Every rule that fits answers the message as its handset would. */
  autoReply: z
    .array(
      z.strictObject({
        toSuffix: z.string().default(""),
        textContains: z.string().default(""),
        text: z.string().min(1),
      }),
    )
    .default([]),
});
export type Behaviour = z.output<typeof behaviourSchema>;
/** As a person writes it: only what differs from the default. */
export type BehaviourInput = z.input<typeof behaviourSchema>;
