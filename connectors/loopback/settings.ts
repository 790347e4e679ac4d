/** A provider that is no provider: what it does with which numbers. */
import { z } from "zod";
import { refusalClasses } from "../connector.ts";

const milliseconds = z.int().min(0).max(3_600_000);

const outcomeSchema = z
  .strictObject({
    /** Numbers that end so; "" is all of them. */
    toSuffix: z.string().regex(/^[0-9]{0,15}$/, { error: "must be up to 15 digits" }),
    refused: z.enum(refusalClasses).optional(),
    /** It answers nothing: the segment is in doubt once the response time-out has passed. */
    unanswered: z.literal(true).optional(),
    /** The receipt's; "none" for no receipt at all. */
    receipt: z.enum(["delivered", "undelivered", "expired", "unknown", "none"]).optional(),
    error: z.string().max(100).default(""),
  })
  .refine(
    ({ refused, unanswered, receipt }) => [refused, unanswered, receipt].filter((it) => it !== undefined).length === 1,
    { error: "must say one of refused, unanswered, receipt" },
  );

export const loopbackSettingsSchema = z.strictObject({
  type: z.literal("loopback"),
  provider: z.string().min(1),
  window: z.int().min(1).max(1_000).default(50),
  ratePerSecond: z.number().min(0.1).max(10_000).optional(),
  answerMs: milliseconds.default(0),
  responseTimeoutMs: milliseconds.min(1).default(60_000),
  /** From the answer to the receipt. */
  receiptMs: milliseconds.default(100),
  /** The first that fits counts; what none fits is delivered. */
  outcomes: z.array(outcomeSchema).max(64).default([]),
});
export type LoopbackSettings = z.output<typeof loopbackSettingsSchema>;
export type LoopbackOutcome = z.output<typeof outcomeSchema>;
