/**
 * How the simulated SMSC behaves, as data. Everything is off by default but the magic suffixes: a destination that ends
 * in 0001 gets an undelivered receipt, 0002 an expired one, 0003 is refused with 0x0B, 0058 is throttled once and then
 * accepted. Where several rules fit, the comment beside the rule says which counts.
 */
import { z } from "zod";
import { delaySchema } from "./delay-distribution.ts";
import { idFormNames } from "./message-ids.ts";
import { receiptDialectNames } from "./receipt-dialects.ts";

const RULES_MAX = 100;
const PER_SECOND_MAX = 1_000_000;
const SECONDS_MAX = 86_400;

const share = z.number("must be a share from 0 to 1").min(0).max(1);
/** `true` is always. */
const chance = z.union([z.boolean().transform(Number), share], { error: "must be true, false or a share from 0 to 1" });
const every = z.int().min(0);
const seconds = z.int().min(0).max(SECONDS_MAX);
const perSecond = z.int().min(0).max(PER_SECOND_MAX);

const STATUS = "must be a command_status: a number from 1, or its hex such as 0x58 in quotes";
/** JSON has no hex numbers, and nobody knows statuses in decimal. */
const status = z.union(
  [
    z.int().min(1).max(0xffff_ffff),
    z
      .string()
      .regex(/^0x[0-9a-f]{1,8}$/i, STATUS)
      .transform(Number)
      .pipe(z.int().min(1)),
  ],
  { error: STATUS },
);

/** What a rule fits: all that it names must be so. */
const whom = {
  toSuffix: z.string().max(21).default(""),
  /** Of the number with its "+", or without: both fit. */
  toPrefix: z.string().max(21).default(""),
  from: z.string().max(21).default(""),
};

const refusal = z.strictObject({
  ...whom,
  status,
  share: share.default(1),
  /** Refuses only what goes over so many a second of those that fit; 0 = all that fit. */
  overPerSecond: perSecond.default(0),
});
export type RefusalRule = z.output<typeof refusal>;

export const finalStates = [
  "delivered",
  "undelivered",
  "expired",
  "deleted",
  "rejected",
  "accepted",
  "unknown",
] as const;
const weight = z.number().min(0).max(1_000_000).default(0);
const outcomes = z
  .strictObject({
    delivered: weight,
    undelivered: weight,
    expired: weight,
    deleted: weight,
    rejected: weight,
    accepted: weight,
    unknown: weight,
    /** Lost on its way. */
    none: weight,
  })
  .refine((weights) => Object.values(weights).some((each) => each > 0), "must give a share to at least one state");

/** How a handset's long message is cut and in which order its parts come. */
const replyShape = {
  /** 8- or 16-bit reference in a header, TLVs sar_*, or whole in message_payload. */
  parts: z.enum(["udh8", "udh16", "sar", "payload"]).default("udh8"),
  order: z.enum(["in_order", "reversed", "shuffled"]).default("in_order"),
  /** Of each part. */
  doubled: chance.default(0),
  lost: chance.default(0),
};

export type ReplyShape = z.output<z.ZodObject<typeof replyShape>>;

const address = z.string().regex(/^\+?[ -~]{1,20}$/, "must have 1 to 20 characters of ASCII, and may begin with +");

/** A message of a handset, as one asks for it. */
export const replySchema = z.strictObject({
  from: address,
  to: address,
  text: z.string().max(10_000),
  ...replyShape,
});
export type ReplyInput = z.input<typeof replySchema>;
export type ParsedReply = z.output<typeof replySchema>;

const autoReply = z.strictObject({
  ...whom,
  textContains: z.string().max(160).default(""),
  share: share.default(1),
  text: z.string().min(1).max(10_000),
  /** After the answer; absent: as long as a receipt takes. */
  delayMs: delaySchema.optional(),
  ...replyShape,
});
export type AutoReplyRule = z.output<typeof autoReply>;

export const behaviourSchema = z.strictObject({
  // Answers to submits.
  respDelayMs: delaySchema.default(0),
  /** Takes the message, sends its receipt, and never answers. */
  noAnswerShare: share.default(0),
  magicSuffixes: z.boolean().default(true),
  /** The first rule that fits and whose share falls refuses. */
  refuse: z.array(refusal).max(RULES_MAX).default([]),
  /** Submits a second of an account, over all its links, before 0x58; 0 = no limit. */
  throttlePerSecond: perSecond.default(0),
  /** Answers 0x14 to what goes over so many `messages` for one recipient within `seconds`; 0 = no limit. */
  recipientQueue: z
    .strictObject({ messages: every.default(0), seconds: seconds.min(1).max(3_600).default(60) })
    .prefault({}),
  /** TLV in the answer: a fixed state, or how much of `throttlePerSecond` this second has used. */
  congestion: z
    .union([z.enum(["off", "by_rate"]), z.int().min(0).max(100)], { error: "must be off, by_rate or a number to 100" })
    .default("off"),
  ids: z.enum(idFormNames).default("same"),

  // Receipts.
  /** One final state for all, or the share of each; `none` is a receipt that is lost. */
  receipts: z
    .union([z.enum([...finalStates, "none"]), outcomes], {
      error: `must be one of ${finalStates.join(", ")}, none, or the share of each`,
    })
    .default("delivered"),
  /** After the answer. */
  receiptDelayMs: delaySchema.default(0),
  receiptForm: z.enum(["text", "tlv", "both"]).default("both"),
  /** One for all, or several of which each receipt takes one by chance. */
  receiptDialect: z
    .union([z.enum(receiptDialectNames), z.array(z.enum(receiptDialectNames)).min(1).max(receiptDialectNames.length)], {
      error: `must be one or several of ${receiptDialectNames.join(", ")}`,
    })
    .default("standard"),
  /** Leaves the NUL off receipted_message_id, as many SMSCs do. */
  tlvWithoutNul: z.boolean().default(false),
  /** The receipt leaves before the submit_sm_resp. */
  receiptFirst: chance.default(0),
  doubleReceipts: chance.default(0),
  /** A second receipt, a `receiptDelayMs` after the first, says the opposite. */
  contradictReceipts: chance.default(0),
  /** ENROUTE with esm_class 0x20, as soon as the answer is out. */
  intermediateReceipts: chance.default(0),

  // Handsets. Every rule that fits answers the message as its handset would.
  autoReply: z.array(autoReply).max(RULES_MAX).default([]),

  // Links.
  /** Cuts the link at every n-th submit, before its answer; 0 = never. */
  dropLinkEvery: every.default(0),
  /** The same for all links of an account, by time. */
  dropLinksEverySeconds: seconds.default(0),
  /** A cut is a FIN, or a reset as of a firewall. */
  dropBy: z.enum(["close", "reset"]).default("close"),
  /** Says unbind to all links of an account. */
  unbindEverySeconds: seconds.default(0),
  /** At every n-th submit the link goes dead without a word: open, neither read nor written, then reset. */
  halfOpenEvery: every.default(0),
  halfOpenSeconds: seconds.min(1).max(3_600).default(60),
  /** Rests so long after every chunk that it reads. */
  readPauseMs: delaySchema.default(0),
  /** Writes this to the link at every n-th submit; 0 = never. */
  garbageEvery: every.default(0),
  garbage: z.enum(["noise", "unknown_command", "broken_tlv", "huge_length"]).default("unknown_command"),

  // Binds.
  /** Closes every new connection at once. Only in the behaviour for all: nobody has said who it is yet. */
  refuseConnections: z.boolean().default(false),
  bindDelayMs: delaySchema.default(0),
  noBindAnswer: z.boolean().default(false),
  /** Refuses every bind so; 0 = none. */
  refuseBinds: z.union([z.literal(0), status], { error: `${STATUS}, or 0 for none` }).default(0),
  /** Binds that an account may have at once, before 0x0D; 0 = no limit. */
  bindsMax: every.default(0),
  /** Attempts within 60 s, before 0x58; 0 = no limit. */
  bindsPerMinute: every.default(0),
});
export type Behaviour = z.output<typeof behaviourSchema>;
/** As a person writes it: only what differs from the default. */
export type BehaviourInput = z.input<typeof behaviourSchema>;
