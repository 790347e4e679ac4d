/**
 * Lane `deliver.<account>`: what an account is to be told over its own links. A receipt is told by the message's events
 * and not by what stands here: this says where to look, and which event made somebody look. So it is safe to have too
 * many of these, and a loss to have too few: each is committed in one step with the event that it is about.
 */
import { z } from "zod";
import { accountIdSchema, messageIdSchema } from "./ids.ts";

/** The events after which a message may have come to its end. */
export const endings = ["rejected", "lapsed", "refused", "delivered", "undelivered", "expired", "unknown"] as const;

export const noticeSchema = z.object({
  account: accountIdSchema,
  message: messageIdSchema,
  /** The event: whoever does not see it yet must look again. */
  event: z.enum(endings),
  at: z.int(),
  segment: z.int().nonnegative().optional(),
});
export type Notice = z.output<typeof noticeSchema>;

const waiting = {
  /** In milliseconds since the epoch; after DELIVER_HOURS_MAX it is given up. */
  since: z.int(),
  /** How often a link took it and did not say yes. */
  tries: z.int().nonnegative(),
};

export const deliverItemSchema = z.discriminatedUnion("type", [
  noticeSchema.extend({ ...waiting, type: z.literal("receipt") }),
  /** One part of what a handset wrote. */
  z.object({
    ...waiting,
    type: z.literal("reply"),
    id: z.string(),
    account: accountIdSchema,
    from: z.string(),
    to: z.string(),
    text: z.string(),
    concat: z.object({ reference: z.int(), total: z.int().positive(), index: z.int().positive() }).optional(),
  }),
]);
export type DeliverItem = z.output<typeof deliverItemSchema>;
